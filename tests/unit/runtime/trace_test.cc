#include "runtime/trace.h"

#include <set>
#include <thread>

#include "support/in_child.h"
#include "support/traced.h"

namespace arraymorph {
namespace {

using test::Traced;

TEST(TraceTest, WritesALineOfJsonEach) {
  const Traced traced;
  ASSERT_TRUE(trace::on());
  const std::uint64_t start = trace::now();
  trace::Line("get").text("url", "a\"\\\n\x01ü").number("bytes", 17).write(start);
  const auto lines = traced.lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["process"], ::getpid());
  EXPECT_GT(lines[0]["started"].get<double>(), 1.7e9);
  EXPECT_EQ(lines[1]["pid"], ::getpid());
  EXPECT_EQ(lines[1]["verb"], "get");
  EXPECT_EQ(lines[1]["url"], "a\"\\\n\x01ü");
  EXPECT_EQ(lines[1]["bytes"], 17);
  EXPECT_GE(lines[1]["end"].get<double>(), lines[1]["start"].get<double>());
}

TEST(TraceTest, EndsAndBeginsAgain) {
  {
    const Traced traced;
    EXPECT_TRUE(trace::write_to(traced.path()).ok());  // the same: nothing happens
    EXPECT_TRUE(trace::on());
  }
  EXPECT_FALSE(trace::on());
  const Traced again;
  trace::Line("get").write(0);
  EXPECT_EQ(again.lines().size(), 2u);
}

TEST(TraceTest, SaysWhyAFileCannotBeOpened) {
  const Status status = trace::write_to("/no/such/directory/trace");
  EXPECT_EQ(status.code(), Code::invalid_argument);
  EXPECT_NE(status.message().find("ARRAYMORPH_TRACE=/no/such/directory/trace"), std::string::npos);
  EXPECT_NE(status.message().find("No such file or directory"), std::string::npos);
  EXPECT_FALSE(trace::on());
}

TEST(TraceTest, LinesOfThreadsStayWhole) {
  const Traced traced;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([] {
      for (int i = 0; i < 500; ++i) {
        trace::Line("get").text("url", std::string(100, 'x')).write(trace::now());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(traced.lines().size(), 4001u);
}

TEST(TraceTest, AForkedChildAddsItsOwn) {
  const Traced traced;
  trace::Line("get").write(trace::now());  // in the buffer when the process forks
  const std::uint64_t before = trace::now();
  EXPECT_EQ(test::in_child([&] {
              trace::Line("put").write(before);
              trace::flush();
              return true;
            }),
            0);
  trace::Line("head").write(trace::now());
  const auto lines = traced.lines();
  ASSERT_EQ(lines.size(), 5u);  // nothing twice
  std::set<std::string> verbs;
  std::set<int> processes;
  for (const auto& line : lines) {
    if (line.contains("process")) processes.insert(line["process"].get<int>());
    if (line.contains("verb")) verbs.insert(line["verb"].get<std::string>());
  }
  EXPECT_EQ(verbs, (std::set<std::string>{"get", "head", "put"}));
  EXPECT_EQ(processes.size(), 2u);
  // One clock.
  EXPECT_EQ(lines[0]["started"], lines[2]["started"]);
}

}  // namespace
}  // namespace arraymorph
