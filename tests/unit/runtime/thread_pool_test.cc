#include "runtime/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "runtime/log.h"
#include "support/in_child.h"

namespace arraymorph {
namespace {

TEST(ThreadPoolTest, RunsEverythingBeforeItStops) {
  std::atomic<int> ran{0};
  ThreadPool pool(3);
  for (int i = 0; i < 1000; ++i) pool.submit([&] { ++ran; });
  pool.stop();
  EXPECT_EQ(ran, 1000);
}

TEST(ThreadPoolTest, StartsAgainAfterStop) {
  std::atomic<int> ran{0};
  ThreadPool pool(2);
  pool.stop();
  for (int round = 1; round <= 5; ++round) {
    pool.submit([&] { ++ran; });
    pool.stop();
    EXPECT_EQ(ran, round);
  }
}

TEST(ThreadPoolTest, UsesAllItsThreadsAndNoMore) {
  ThreadPool pool(4);
  EXPECT_EQ(pool.size(), 4u);
  std::latch together(4);  // passes only when four tasks run at once
  std::mutex mutex;
  std::set<std::thread::id> threads;
  for (int i = 0; i < 4; ++i) pool.submit([&] { together.arrive_and_wait(); });
  for (int i = 0; i < 100; ++i) {
    pool.submit([&] {
      const std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
    });
  }
  pool.stop();
  EXPECT_LE(threads.size(), 4u);
}

TEST(ThreadPoolTest, GrowsAndShrinks) {
  ThreadPool pool(1);
  pool.submit([] {});
  pool.resize(4);
  std::latch together(4);  // passes only when four tasks run at once
  for (int i = 0; i < 4; ++i) pool.submit([&] { together.arrive_and_wait(); });
  together.wait();
  pool.resize(2);
  EXPECT_EQ(pool.size(), 2u);
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  for (int i = 0; i < 200; ++i) {
    pool.submit([&] {
      const int now = ++running;
      for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      std::this_thread::yield();
      --running;
    });
  }
  pool.stop();
  EXPECT_GE(most, 1);
  EXPECT_LE(most, 2);
}

TEST(ThreadPoolTest, TasksMaySubmitTasks) {
  std::atomic<int> ran{0};
  ThreadPool pool(1);
  pool.submit([&] {
    pool.submit([&] {
      pool.submit([&] { ++ran; });
      ++ran;
    });
    ++ran;
  });
  pool.stop();
  EXPECT_EQ(ran, 3);
}

TEST(ThreadPoolTest, ATaskMayHoldTheLastReference) {
  for (unsigned threads = 1; threads <= 2; ++threads) {
    auto pool = std::make_shared<ThreadPool>(threads);
    std::latch released(1);
    std::latch finished(2);
    pool->submit([&finished, &released, held = pool]() mutable {
      released.wait();
      held.reset();
      finished.count_down();
    });
    pool->submit([&] { finished.count_down(); });
    pool.reset();
    released.count_down();
    finished.wait();
  }
}

// As a user who may have no thread but the first.
bool runs_without_threads() {
  constexpr rlimit kOne{1, 1};
  if (::setrlimit(RLIMIT_NPROC, &kOne) != 0 || !test::become_another_user()) return false;
  set_log_level(LogLevel::off);
  int ran = 0;
  ThreadPool pool(4);
  for (int i = 0; i < 10; ++i) pool.submit([&] { ++ran; });
  pool.stop();
  return ran == 10;
}

TEST(ThreadPoolTest, WithoutThreadsTheCallerDoesTheWork) {
  if (::getuid() != 0) GTEST_SKIP() << "only root may become a user who has no other processes";
  EXPECT_EQ(test::in_child(runs_without_threads), 0);
}

}  // namespace
}  // namespace arraymorph
