#include "runtime/lifecycle.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

#include "runtime/thread_pool.h"
#include "support/in_child.h"

namespace arraymorph {
namespace {

using test::in_child;

class Recorder final : public Participant {
 public:
  Recorder(Stage stage, std::string& record) : stage_(stage), record_(record) {}
  Stage stage() const noexcept override { return stage_; }
  void stop(Deadline) override { record_ += std::to_string(static_cast<int>(stage_)); }
  bool stopped() override { return true; }
  void before_fork() override {}
  void after_fork(bool) override {}

 private:
  const Stage stage_;
  std::string& record_;
};

TEST(LifecycleTest, FlushesThenStopsInOrder) {
  std::string record;
  const auto libraries = std::make_shared<Recorder>(Stage::libraries, record);
  const auto workers = std::make_shared<Recorder>(Stage::workers, record);
  const auto clients = std::make_shared<Recorder>(Stage::clients, record);
  for (const auto& each : {libraries, workers, clients}) enroll(each);
  set_shutdown_flush([&](bool) {
    record += "flush ";
    return Status(Code::out_of_space, "full");
  });
  EXPECT_EQ(shutdown_runtime().code(), Code::out_of_space);
  EXPECT_EQ(record, "flush 012");
  set_shutdown_flush(nullptr);
  EXPECT_TRUE(shutdown_runtime().ok());
  EXPECT_EQ(record, "flush 012012");
}

TEST(LifecycleTest, ForgetsParticipantsThatAreGone) {
  std::string record;
  enroll(std::make_shared<Recorder>(Stage::workers, record));
  EXPECT_TRUE(shutdown_runtime().ok());
  EXPECT_EQ(record, "");
}

TEST(LifecycleTest, PoolsWorkOnBothSidesOfAFork) {
  ThreadPool pool(2);
  std::atomic<int> ran{0};
  const std::uint64_t generation = fork_generation();
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 100; ++i) pool.submit([&] { ++ran; });
    const int status = in_child([&] {
      // Drained before the fork, so nothing is missing here and nothing runs twice.
      const bool drained = ran == 100 * (round + 1);
      pool.submit([&] { ++ran; });
      pool.stop();
      return drained && ran == 100 * (round + 1) + 1 && fork_generation() == generation + 1;
    });
    EXPECT_EQ(status, 0);
  }
  pool.stop();
  EXPECT_EQ(ran, 2000);
  EXPECT_EQ(fork_generation(), generation);
}

TEST(LifecycleTest, ForkInOneThreadWhileOthersSubmit) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer cannot follow a fork with other threads running";
#endif
  ThreadPool pool(2);
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> submitted{0};
  std::atomic<std::uint64_t> ran{0};
  std::thread busy([&] {
    while (!stop) {
      pool.submit([&] { ++ran; });
      ++submitted;
      std::this_thread::yield();
    }
  });
  for (int round = 0; round < 20; ++round) {
    EXPECT_EQ(in_child([] {
                ThreadPool own(1);
                std::atomic<int> one{0};
                own.submit([&] { ++one; });
                own.stop();
                return one == 1;
              }),
              0);
  }
  stop = true;
  busy.join();
  pool.stop();
  EXPECT_EQ(ran, submitted);
}

}  // namespace
}  // namespace arraymorph
