#include <gtest/gtest.h>

#include "arraymorph/object_store.h"

namespace arraymorph {
namespace {

// Lists the same page for ever.
class LoopingStore final : public ObjectStore {
 public:
  void get(GetRequest, Done<GetReply> done) override { done(nothing()); }
  void put(PutRequest, Done<PutReply> done) override { done(nothing()); }
  void head(std::string, Done<ObjectInfo> done) override { done(nothing()); }
  void remove(std::vector<std::string>, DoneStatus done) override { done(nothing()); }
  void copy(std::string, std::string, DoneStatus done) override { done(nothing()); }
  void list(ListRequest, Done<ListReply> done) override {
    ++pages;
    done(ListReply{{{"p/a", 1, ""}}, "p/a"});
  }
  const std::string& url() const override { return url_; }

  int pages = 0;

 private:
  static Status nothing() { return {Code::unsupported, "not here"}; }
  const std::string url_ = "loop://";
};

TEST(ListAllTest, PagesThatDoNotAdvanceEnd) {
  LoopingStore store;
  const Status status = list_all(store, "p/").status();
  EXPECT_EQ(status.code(), Code::corrupt);
  EXPECT_NE(status.message().find("p/a"), std::string::npos) << status.message();
  EXPECT_EQ(store.pages, 2);
}

}  // namespace
}  // namespace arraymorph
