// The S3 engine against the life of the process: exit, shutdown, fork. Needs a server (see
// tests/support/with-seaweed) except where the server is part of the test.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <latch>
#include <string>
#include <thread>

#include "runtime/lifecycle.h"
#include "store/open.h"
#include "support/bytes.h"
#include "support/http_server.h"
#include "support/in_child.h"

namespace arraymorph {
namespace {

using Clock = std::chrono::steady_clock;
using test::bytes;
using test::HttpServer;
using test::in_child;

std::shared_ptr<ObjectStore> open_bucket() {
  const Result<Config> config = config_from_environment();
  auto store = store::open_store({store::Location::Kind::s3, config->bucket, "x"}, *config);
  EXPECT_TRUE(store.ok()) << store.status().message();
  return *store;
}

int run_probe(const std::string& environment, int count) {
  const std::string command = environment + " " EXIT_PROBE " " + std::to_string(count);
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

class S3ProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("AWS_ENDPOINT_URL_S3") == nullptr) {
      GTEST_SKIP() << "no S3 server: AWS_ENDPOINT_URL_S3 is not set";
    }
    store_ = open_bucket();
    prefix_ = "process-" + std::to_string(::getpid()) + "/";
  }

  bool round_trip(const std::string& name) {
    const std::string key = prefix_ + name;
    if (!put(*store_, {key, bytes(name), {}, false}).ok()) return false;
    const Result<GetReply> reply = get(*store_, {key, {}, {}});
    return reply.ok() && reply->received == name.size() && remove(*store_, {key}).ok();
  }

  std::shared_ptr<ObjectStore> store_;
  std::string prefix_;
};

TEST_F(S3ProcessTest, ExitsCleanlyWithRequestsInFlight) {
  const char* rounds = std::getenv("EXIT_ROUNDS");
  for (int i = 0; i < (rounds != nullptr ? std::atoi(rounds) : 20); ++i) {
    ASSERT_EQ(run_probe("", 100), 42) << "run " << i;
  }
}

TEST_F(S3ProcessTest, StartsAgainAfterShutdown) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(round_trip("again"));
    EXPECT_TRUE(shutdown_runtime().ok());
    EXPECT_TRUE(shutdown_runtime().ok());
  }
}

TEST_F(S3ProcessTest, ShutdownFinishesWhatIsUnderWay) {
  std::atomic<int> stored{0};
  std::vector<std::string> keys;
  for (int i = 0; i < 100; ++i) {
    keys.push_back(prefix_ + std::to_string(i));
    store_->put({keys.back(), std::make_shared<const Buffer>(100000), {}, false},
                [&](const Result<PutReply>& reply) { stored += reply.ok() ? 1 : 0; });
  }
  EXPECT_TRUE(shutdown_runtime().ok());
  EXPECT_EQ(stored, 100);
  EXPECT_TRUE(remove(*store_, keys).ok());
}

TEST_F(S3ProcessTest, WorksOnBothSidesOfAFork) {
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(round_trip("parent"));
    std::atomic<int> arrived{0};
    for (int k = 0; k < 20; ++k) {
      store_->put({prefix_ + "fork" + std::to_string(k), bytes("x"), {}, false},
                  [&](const Result<PutReply>& reply) { arrived += reply.ok() ? 1 : 0; });
    }
    const int status = in_child([&] { return arrived == 20 && round_trip("child"); });
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(round_trip("parent again"));
  }
}

TEST_F(S3ProcessTest, GrandchildrenWorkToo) {
  ASSERT_TRUE(round_trip("parent"));
  EXPECT_EQ(in_child([&] {
              return round_trip("child") && in_child([&] { return round_trip("grandchild"); }) == 0;
            }),
            0);
}

TEST(S3ExitTest, ASilentServerHoldsExitForSecondsOnly) {
  HttpServer silent([](const std::string&, unsigned) { return std::string(); });
  const Clock::time_point begin = Clock::now();
  EXPECT_EQ(run_probe("BUCKET_NAME=b AWS_ACCESS_KEY_ID=k AWS_SECRET_ACCESS_KEY=s "
                      "AWS_ENDPOINT_URL_S3=" +
                          silent.endpoint(),
                      20),
            42);
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(25));
}

}  // namespace
}  // namespace arraymorph
