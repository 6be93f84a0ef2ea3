#include <gtest/gtest.h>

#include "store/open.h"
#include "support/traced.h"

namespace arraymorph::store {
namespace {

TEST(TraceStoreTest, EveryVerbIsALine) {
  auto opened = open_store({Location::Kind::memory, "traced", "x.h5"}, Config{});
  ASSERT_TRUE(opened.ok());
  ObjectStore& store = **opened;
  ASSERT_TRUE(put(store, {"before", std::make_shared<const Buffer>(1), {}, false}).ok());
  const test::Traced traced;
  ASSERT_TRUE(put(store, {"a", std::make_shared<const Buffer>(10), {}, false}).ok());
  ASSERT_TRUE(get(store, {"a", ByteRange{4, 100}, {}}).ok());
  EXPECT_FALSE(get(store, {"missing", {}, {}}).ok());
  ASSERT_TRUE(head(store, "a").ok());
  ASSERT_TRUE(copy(store, "a", "b").ok());
  ASSERT_TRUE(list_all(store, "").ok());
  ASSERT_TRUE(remove(store, {"a", "b"}).ok());
  auto lines = traced.lines();
  ASSERT_EQ(lines.size(), 8u);
  lines.erase(lines.begin());
  std::vector<std::string> said;
  for (auto& line : lines) {
    EXPECT_LE(line["start"].get<double>(), line["end"].get<double>());
    line.erase("start");
    line.erase("end");
    line.erase("pid");
    said.push_back(line.dump());
  }
  EXPECT_EQ(said, (std::vector<std::string>{
                      R"({"bytes":10,"status":"ok","url":"memory://traced/a","verb":"put"})",
                      R"({"bytes":6,"length":100,"offset":4,"status":"ok",)"
                      R"("url":"memory://traced/a","verb":"get"})",
                      R"({"status":"not found","url":"memory://traced/missing","verb":"get"})",
                      R"({"status":"ok","url":"memory://traced/a","verb":"head"})",
                      R"({"status":"ok","url":"memory://traced/b","verb":"copy"})",
                      R"({"objects":3,"status":"ok","url":"memory://traced/","verb":"list"})",
                      R"({"objects":2,"status":"ok","url":"memory://traced/a","verb":"remove"})"}));
}

}  // namespace
}  // namespace arraymorph::store
