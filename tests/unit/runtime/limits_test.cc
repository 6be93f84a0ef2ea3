#include "runtime/config/limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>

#include "support/in_child.h"

namespace arraymorph::config {
namespace {

Config wanted() {
  Config config;
  config.connections = 256;
  config.event_loops = 8;
  config.codec_threads = 64;
  config.speed_sources = {"preset production", "preset production", "ARRAYMORPH_CODEC_THREADS"};
  return config;
}

TEST(LimitsTest, NothingIsLoweredWhereThereIsRoom) {
  Config config = wanted();
  EXPECT_EQ(lower(config, Limits(), true).text, "");
  EXPECT_EQ(config.connections, 256u);
  EXPECT_EQ(config.speed_sources.connections, "preset production");
}

TEST(LimitsTest, FewFilesMeanFewConnections) {
  Config config = wanted();
  const Limits limits{{100, "ulimit -n 110", "`ulimit -n 4096`"}, {}};
  const Lowered lowered = lower(config, limits, true);
  EXPECT_TRUE(lowered.matters);
  EXPECT_EQ(config.event_loops, 2u);
  EXPECT_EQ(config.connections, 100u / 2 - 9 * 2 - 4);
  EXPECT_EQ(config.codec_threads, 64u);
  EXPECT_EQ(lowered.text,
            "256 connections, 8 event loops and 64 codec threads are too many: this process may "
            "have 100 more open files (ulimit -n 110; raise it: `ulimit -n 4096`); used are 28 "
            "connections, 2 event loops and 64 codec threads");
  EXPECT_EQ(config.speed_sources.connections, "preset production, lowered for ulimit -n 110");
  EXPECT_EQ(lower(config, limits, true).text, "");  // the second time there is nothing to do
}

TEST(LimitsTest, FewThreadsMeanFewWorkersAndLoops) {
  Config config = wanted();
  const Limits limits{{}, {40, "ulimit -u 50", "`ulimit -u 4096`"}};
  const std::string said = lower(config, limits, true).text;
  EXPECT_EQ(config.event_loops, 3u);
  EXPECT_EQ(config.codec_threads, 40u / 2 - 3 * 3 - 4);
  EXPECT_EQ(config.connections, 256u);
  EXPECT_NE(said.find("40 more threads (ulimit -u 50"), std::string::npos) << said;
}

TEST(LimitsTest, OneOfEachIsLeft) {
  Config config = wanted();
  const Limits limits{{0, "ulimit -n 3", "x"}, {0, "ulimit -u 1", "x"}};
  const std::string said = lower(config, limits, true).text;
  EXPECT_EQ(config.connections, 1u);
  EXPECT_EQ(config.event_loops, 1u);
  EXPECT_EQ(config.codec_threads, 1u);
  EXPECT_NE(said.find("0 more open files"), std::string::npos) << said;
  EXPECT_TRUE(said.ends_with("used are 1 connection, 1 event loop and 1 codec thread")) << said;
  EXPECT_NE(said.find("and 0 more threads"), std::string::npos) << said;
}

TEST(LimitsTest, ADirectoryNeedsCodecThreadsOnly) {
  Config config = wanted();
  const std::string said = lower(config, {{10, "n", "x"}, {40, "u", "x"}}, false).text;
  EXPECT_EQ(config.connections, 256u);
  EXPECT_EQ(config.codec_threads, 16u);
  EXPECT_NE(said.find("used are 16 codec threads"), std::string::npos) << said;
}

TEST(LimitsTest, WhatNobodyAskedForIsLoweredQuietlyWhileThereIsEnough) {
  Config config = wanted();
  config.connections = 64;
  config.event_loops = 16;
  config.speed_sources = {"automatic", "automatic", "automatic"};
  Config scarce = config;
  const Lowered some = lower(config, {{250, "ulimit -n 256", "x"}, {}}, true);
  EXPECT_FALSE(some.matters);
  EXPECT_EQ(config.connections, 64u);
  EXPECT_EQ(config.event_loops, 6u);
  EXPECT_NE(some.text, "");
  EXPECT_TRUE(lower(scarce, {{60, "ulimit -n 64", "x"}, {}}, true).matters);
}

TEST(LimitsTest, TheSystemIsAskedAgainWhenALimitChanges) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit before = limit;
  limit.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  const Limits found = limits_now();
  EXPECT_EQ(found.files.limit, "ulimit -n 64");
  EXPECT_LT(found.files.left, 64u);
  EXPECT_GT(found.files.left, 20u);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_NE(limits_now().files.limit, "ulimit -n 64");
}

// A sanitizer may have one besides.
std::uint64_t threads_of_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::uint64_t>(std::distance(begin(tasks), end(tasks)));
}

bool threads_are_refused() {
  const std::uint64_t there = threads_of_process();
  constexpr rlimit kThree{3, 3};
  if (::setrlimit(RLIMIT_NPROC, &kThree) != 0 || !test::become_another_user()) return false;
  const std::string said = enough_threads(2).message();
  return limits_now().threads.left == 3 - there &&
         said.starts_with(
             "S3 needs 10 threads, and the system does not let this process have so "
             "many more (ulimit -u 3)");
}

TEST(LimitsTest, MemoryIsNoMoreThanTheMachineHas) {
  const auto machine = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  EXPECT_GT(memory_bytes(), 0u);
  EXPECT_LE(memory_bytes(), machine);
}

TEST(LimitsTest, TheEngineIsNotStartedWithoutItsThreads) {
  EXPECT_TRUE(enough_threads(2).ok());
  if (::getuid() != 0) GTEST_SKIP() << "only root may become a user who has no other processes";
  EXPECT_EQ(test::in_child(threads_are_refused), 0);
}

}  // namespace
}  // namespace arraymorph::config
