// What goes wrong at a real server.
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "conformance/s3_faults.h"
#include "runtime/checksum.h"

namespace arraymorph::test {
namespace {

class S3ServerFaultTest : public S3Server {};

TEST_F(S3ServerFaultTest, AMissingBucketIsNamed) {
  const auto store = open("no-such-bucket-here", config_);
  expect_words(get(*store, {"k", {}, {}}).status(), Code::invalid_argument,
               {"'no-such-bucket-here' does not exist", "BUCKET_NAME"});
  // SeaweedFS answers "access denied" to a user who may not create the bucket.
  const Status stored = put(*store, {"k", bytes("x"), {}, false}).status();
  EXPECT_TRUE(stored.code() == Code::invalid_argument || stored.code() == Code::permission_denied)
      << stored.message();
  expect_words(list_all(*store, "k").status(), Code::invalid_argument,
               {"'no-such-bucket-here' does not exist"});
  EXPECT_EQ(head(*store, "k").status().code(), Code::not_found);
}

TEST_F(S3ServerFaultTest, WrongCredentialsAreNamed) {
  {
    const ScopedVariable key("AWS_ACCESS_KEY_ID", "nobody");
    expect_words(get(*open(config_.bucket, config_), {"k", {}, {}}).status(),
                 Code::permission_denied, {"InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"});
  }
  const ScopedVariable secret("AWS_SECRET_ACCESS_KEY", "wrong");
  expect_words(put(*open(config_.bucket, config_), {"k", bytes("x"), {}, false}).status(),
               Code::permission_denied, {"SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"});
  EXPECT_EQ(head(*open(config_.bucket, config_), "k").status().code(), Code::permission_denied);
}

TEST_F(S3ServerFaultTest, ConcurrentCreatesHaveOneWinner) {
  const auto store = open(config_.bucket, config_);
  const std::string key = "race-" + std::to_string(::getpid());
  std::atomic<int> won{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const auto reply =
          put(*store, {key, bytes(std::to_string(i)), {PutCondition::Kind::if_absent, {}}, false});
      if (reply.ok()) ++won;
      EXPECT_TRUE(reply.ok() || reply.status().code() == Code::already_exists)
          << reply.status().message();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_TRUE(remove(*store, {key}).ok());
}

TEST_F(S3ServerFaultTest, ChecksumsStayWithTheirObjects) {
  const auto store = open(config_.bucket, config_);
  const std::string key = "checksum-" + std::to_string(::getpid());
  const auto body = bytes(std::string(100000, 'x'));
  PutRequest request{key, body, {}};
  request.checksum = crc32c(body->span());
  ASSERT_TRUE(put(*store, request).ok());
  ASSERT_TRUE(copy(*store, key, key + "-copy").ok());
  for (const std::string& each : {key, key + "-copy"}) {
    const Result<GetReply> small = get(*store, {each, {}, {}});
    ASSERT_TRUE(small.ok()) << small.status().message();
    EXPECT_EQ(small->checksum, request.checksum) << each;
    const Result<GetReply> in_place = get(*store, {each, {}, {}, 200000});
    ASSERT_TRUE(in_place.ok()) << in_place.status().message();
    EXPECT_EQ(in_place->checksum, request.checksum) << each;
  }
  ASSERT_TRUE(put(*store, {key, body, {}}).ok());
  EXPECT_EQ(get(*store, {key, {}, {}})->checksum, std::nullopt);
  EXPECT_TRUE(remove(*store, {key, key + "-copy"}).ok());
}

}  // namespace
}  // namespace arraymorph::test
