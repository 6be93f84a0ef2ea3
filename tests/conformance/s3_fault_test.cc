// What the S3 store does when things go wrong.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "runtime/stats.h"
#include "store/s3/s3_store.h"
#include "support/bytes.h"
#include "support/http_server.h"

namespace arraymorph {
namespace {

using Clock = std::chrono::steady_clock;
using test::bytes;
using test::HttpServer;
using test::text;

std::string error_body(const std::string& code) {
  return "<Error><Code>" + code + "</Code><Message>words</Message></Error>";
}

void expect_words(const Status& status, Code code, std::initializer_list<const char*> words) {
  EXPECT_EQ(status.code(), code) << status.message();
  for (const char* word : words) {
    EXPECT_NE(status.message().find(word), std::string::npos)
        << word << " is not in: " << status.message();
  }
}

// Sets one variable for the life of the object; null: unset.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    set(value);
  }
  ~ScopedVariable() { set(old_ ? old_->c_str() : nullptr); }

 private:
  void set(const char* value) {
    if (value != nullptr) {
      ::setenv(name_, value, 1);
    } else {
      ::unsetenv(name_);
    }
  }
  const char* name_;
  std::optional<std::string> old_;
};

std::shared_ptr<ObjectStore> open(const std::string& bucket, const Config& config) {
  auto store = store::make_s3_store(bucket, config);
  EXPECT_TRUE(store.ok()) << store.status().message();
  return *store;
}

class S3FaultTest : public testing::Test {
 protected:
  std::shared_ptr<ObjectStore> store_at(const std::string& endpoint) {
    Config config;
    config.s3.region = "us-east-1";
    config.s3.endpoint = endpoint;
    config.retries = 3;
    config.timeout_seconds = 2;
    return open("b", config);
  }

  const ScopedVariable key_{"AWS_ACCESS_KEY_ID", "key"};
  const ScopedVariable secret_{"AWS_SECRET_ACCESS_KEY", "secret"};
};

TEST_F(S3FaultTest, OneRequestPerVerb) {
  HttpServer server([](const std::string& head, unsigned) {
    return head.starts_with("DELETE") ? HttpServer::answer("204 No Content", "")
                                      : HttpServer::answer("200 OK", "", "ETag: \"t\"\r\n");
  });
  const auto store = store_at(server.endpoint());
  EXPECT_TRUE(get(*store, {"k", {}, {}}).ok());
  EXPECT_EQ(server.requests(), 1u);
  EXPECT_TRUE(put(*store, {"k", std::make_shared<const Buffer>(20u << 20), {}, false}).ok());
  EXPECT_EQ(server.requests(), 2u);
  EXPECT_TRUE(head(*store, "k").ok());
  EXPECT_EQ(server.requests(), 3u);
  EXPECT_TRUE(remove(*store, {"k", "l"}).ok());
  EXPECT_EQ(server.requests(), 5u);
}

TEST_F(S3FaultTest, LargeObjectsCostOneRequestToo) {
  const std::string large(20u << 20, 'x');
  HttpServer server([&](const std::string&, unsigned) {
    return HttpServer::answer("200 OK", large, "ETag: \"t\"\r\n");
  });
  const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", {}, {}});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply->received, large.size());
  EXPECT_EQ(server.requests(), 1u);
}

TEST_F(S3FaultTest, SendsNoChecksumTrailersAndSignsOverHttp) {
  std::string seen;
  HttpServer server([&](const std::string& head, unsigned) {
    seen = head;
    return HttpServer::answer("200 OK", "", "ETag: \"t\"\r\n");
  });
  ASSERT_TRUE(put(*store_at(server.endpoint()), {"a b", bytes("abc"), {}, false}).ok());
  EXPECT_TRUE(seen.starts_with("PUT /b/a%20b HTTP/1.1\r\n")) << seen;
  EXPECT_NE(seen.find("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            std::string::npos)
      << seen;
  EXPECT_EQ(seen.find("trailer"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("x-amz-checksum"), std::string::npos) << seen;
}

TEST_F(S3FaultTest, RetriesTransientFailures) {
  reset_stats();
  HttpServer server([](const std::string&, unsigned n) {
    if (n == 0) return HttpServer::answer("503 Slow Down", error_body("SlowDown"));
    if (n == 1) return HttpServer::answer("500 Oops", "not xml");
    if (n == 2)
      return std::string(
          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"
          "Connection: close\r\n\r\nabc");
    return HttpServer::answer("200 OK", "complete");
  });
  const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", {}, {}});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(text(reply->body), "complete");
  EXPECT_EQ(server.requests(), 4u);
  EXPECT_EQ(stats().retries, 3u);
}

TEST_F(S3FaultTest, GivesUpAfterItsRetries) {
  HttpServer server([](const std::string&, unsigned) {
    return HttpServer::answer("503 Slow Down", error_body("SlowDown"));
  });
  const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", {}, {}});
  expect_words(reply.status(), Code::unavailable, {"GET s3://b/k", "127.0.0.1"});
  EXPECT_EQ(server.requests(), 4u);
}

TEST_F(S3FaultTest, DoesNotRetryWhatCannotPass) {
  HttpServer server([](const std::string&, unsigned) {
    return HttpServer::answer("403 Forbidden", error_body("AccessDenied"));
  });
  expect_words(get(*store_at(server.endpoint()), {"k", {}, {}}).status(), Code::permission_denied,
               {"GET s3://b/k: 403 AccessDenied: words"});
  EXPECT_EQ(server.requests(), 1u);
}

// The answer of a conditional PUT gets lost; the retry then meets our own object.
TEST_F(S3FaultTest, ALostAnswerIsNoConflict) {
  std::string stored = "ours";
  HttpServer server([&](const std::string& head, unsigned n) {
    if (n == 0) return std::string("HTTP/1.1 200 OK\r\nConnection: close\r\n");
    if (head.starts_with("GET")) return HttpServer::answer("200 OK", stored, "ETag: \"t\"\r\n");
    return HttpServer::answer("412 Precondition Failed", error_body("PreconditionFailed"));
  });
  const PutRequest request{"k", bytes("ours"), {PutCondition::Kind::if_match, "\"old\""}, false};
  const Result<PutReply> reply = put(*store_at(server.endpoint()), request);
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply->etag, "\"t\"");
}

TEST_F(S3FaultTest, SomebodyElsesObjectIsAConflict) {
  HttpServer server([&](const std::string& head, unsigned n) {
    if (n == 0) return std::string("HTTP/1.1 200 OK\r\nConnection: close\r\n");
    if (head.starts_with("GET")) return HttpServer::answer("200 OK", "theirs");
    return HttpServer::answer("412 Precondition Failed", error_body("PreconditionFailed"));
  });
  const PutRequest request{"k", bytes("ours"), {PutCondition::Kind::if_match, "\"old\""}, false};
  EXPECT_EQ(put(*store_at(server.endpoint()), request).status().code(), Code::conflict);
}

TEST_F(S3FaultTest, ServersThatIgnoreRangesAreNoticed) {
  HttpServer server(
      [](const std::string&, unsigned) { return HttpServer::answer("200 OK", "0123456789"); });
  expect_words(get(*store_at(server.endpoint()), {"k", ByteRange{2, 3}, {}}).status(),
               Code::unsupported, {"Range"});
}

// What is asked for by a range, so that it arrives in place, is asked for once more as a whole.
TEST_F(S3FaultTest, ServersThatIgnoreRangesStillGiveWholeObjects) {
  const std::string large(100000, 'x');
  HttpServer server([&](const std::string&, unsigned) {
    return HttpServer::answer("200 OK", large, "ETag: \"t\"\r\n");
  });
  const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", {}, {}, large.size()});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(text(reply->body), large);
  EXPECT_LE(server.requests(), 2u);
  expect_words(get(*store_at(server.endpoint()), {"k", ByteRange{0, 50000}, {}}).status(),
               Code::unsupported, {"Range"});
}

TEST_F(S3FaultTest, AShortBodyIsNoticed) {
  HttpServer server([](const std::string&, unsigned) {
    return HttpServer::answer("206 Partial Content", std::string(50000, 'x'),
                              "ETag: \"t\"\r\nContent-Range: bytes 0-99999/100000\r\n");
  });
  Buffer target(100000);
  expect_words(get(*store_at(server.endpoint()), {"k", {}, target.span()}).status(), Code::corrupt,
               {"50000 of 100000"});
}

TEST_F(S3FaultTest, ABodyCutOffIsFetchedAgain) {
  const std::string large(100000, 'x');
  HttpServer server([&](const std::string&, unsigned n) {
    const std::string range = "ETag: \"t\"\r\nContent-Range: bytes 0-99999/100000\r\n";
    if (n > 0) return HttpServer::answer("206 Partial Content", large, range);
    return "HTTP/1.1 206 Partial Content\r\nContent-Length: 100000\r\n" + range +
           "Connection: close\r\n\r\nabc";
  });
  Buffer target(100000);
  const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", {}, target.span()});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(text(target), large);
  EXPECT_EQ(server.requests(), 2u);
}

TEST_F(S3FaultTest, ASilentServerTimesOut) {
  HttpServer silent([](const std::string&, unsigned) { return std::string(); });
  Config config;
  config.s3.region = "us-east-1";
  config.s3.endpoint = silent.endpoint();
  config.retries = 0;
  config.timeout_seconds = 1;
  const Clock::time_point begin = Clock::now();
  expect_words(get(*open("b", config), {"k", {}, {}}).status(), Code::unavailable,
               {"GET s3://b/k", "127.0.0.1"});
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(8));
}

TEST_F(S3FaultTest, ARefusedConnectionFailsFast) {
  const Clock::time_point begin = Clock::now();
  expect_words(get(*store_at("http://127.0.0.1:1"), {"k", {}, {}}).status(), Code::unavailable,
               {"http://127.0.0.1:1", "refuses connections", "AWS_ENDPOINT_URL_S3"});
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(1));
}

TEST_F(S3FaultTest, TlsToAPlainServerFailsClearly) {
  HttpServer server(
      [](const std::string&, unsigned) { return HttpServer::answer("400 Bad Request", ""); });
  const std::string endpoint = "https" + server.endpoint().substr(4);
  expect_words(get(*store_at(endpoint), {"k", {}, {}}).status(), Code::unavailable,
               {endpoint.c_str()});
}

TEST_F(S3FaultTest, MissingCredentialsAreNamed) {
  const ScopedVariable no_key("AWS_ACCESS_KEY_ID", nullptr);
  const ScopedVariable no_secret("AWS_SECRET_ACCESS_KEY", nullptr);
  const ScopedVariable home("HOME", "/nonexistent");
  const Clock::time_point begin = Clock::now();
  const auto store = store_at("http://127.0.0.1:1");
  for (int i = 0; i < 2; ++i) {
    expect_words(get(*store, {"k", {}, {}}).status(), Code::permission_denied,
                 {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "~/.aws/credentials"});
  }
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(12));
}

TEST_F(S3FaultTest, MissingCredentialsAreNamedWithoutMetadataService) {
  const ScopedVariable no_key("AWS_ACCESS_KEY_ID", nullptr);
  const ScopedVariable no_secret("AWS_SECRET_ACCESS_KEY", nullptr);
  const ScopedVariable home("HOME", "/nonexistent");
  const ScopedVariable no_metadata("AWS_EC2_METADATA_DISABLED", "true");
  expect_words(get(*store_at("http://127.0.0.1:1"), {"k", {}, {}}).status(),
               Code::permission_denied, {"AWS_ACCESS_KEY_ID", "~/.aws/credentials"});
}

TEST_F(S3FaultTest, ASilentCredentialServiceIsNotWaitedFor) {
  HttpServer silent([](const std::string&, unsigned) { return std::string(); });
  const std::string uri = silent.endpoint() + "/credentials";
  const ScopedVariable no_key("AWS_ACCESS_KEY_ID", nullptr);
  const ScopedVariable no_secret("AWS_SECRET_ACCESS_KEY", nullptr);
  const ScopedVariable home("HOME", "/nonexistent");
  const ScopedVariable container("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.c_str());
  const auto store = store_at("http://127.0.0.1:1");
  const Clock::time_point begin = Clock::now();
  for (int i = 0; i < 2; ++i) {
    expect_words(get(*store, {"k", {}, {}}).status(), Code::permission_denied,
                 {"AWS_ACCESS_KEY_ID"});
  }
  EXPECT_LT(Clock::now() - begin, std::chrono::seconds(9));
}

TEST_F(S3FaultTest, ProfilesAreRead) {
  namespace fs = std::filesystem;
  const fs::path directory = fs::path(testing::TempDir()) / ("aws-" + std::to_string(::getpid()));
  fs::create_directories(directory);
  std::ofstream(directory / "credentials")
      << "[special]\naws_access_key_id = FROMPROFILE\naws_secret_access_key = s\n";
  std::string seen;
  HttpServer server([&](const std::string& head, unsigned) {
    seen = head;
    return HttpServer::answer("200 OK", "");
  });
  {
    const ScopedVariable no_key("AWS_ACCESS_KEY_ID", nullptr);
    const ScopedVariable file("AWS_SHARED_CREDENTIALS_FILE", (directory / "credentials").c_str());
    const ScopedVariable profile("AWS_PROFILE", "special");
    const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", {}, {}});
    EXPECT_TRUE(reply.ok()) << reply.status().message();
  }
  EXPECT_NE(seen.find("Credential=FROMPROFILE/"), std::string::npos) << seen;
  fs::remove_all(directory);
}

// A program names them for two seconds at a time, each time others.
TEST_F(S3FaultTest, CredentialsThatExpireAreAskedForAgain) {
  namespace fs = std::filesystem;
  const fs::path directory =
      fs::path(testing::TempDir()) / ("aws-process-" + std::to_string(::getpid()));
  fs::create_directories(directory);
  const std::string program = (directory / "program").string();
  std::ofstream(program)
      << "#!/bin/sh\necho >>" << directory.string() << "/calls\n"
      << "calls=$(wc -l <" << directory.string() << "/calls | tr -d ' ')\n"
      << "echo \"{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"KEY$calls\\\", "
         "\\\"SecretAccessKey\\\": \\\"s\\\", \\\"SessionToken\\\": \\\"t\\\", "
         "\\\"Expiration\\\": \\\"$(date -u -d '+2 sec' +%Y-%m-%dT%H:%M:%SZ)\\\"}\"\n";
  fs::permissions(program, fs::perms::owner_all);
  std::ofstream(directory / "config") << "[default]\ncredential_process = " << program << "\n";
  std::ofstream(directory / "credentials") << "";
  std::mutex mutex;
  std::string seen;
  HttpServer server([&](const std::string& head, unsigned) {
    const std::lock_guard lock(mutex);
    const std::size_t at = head.find("Credential=");
    if (at != std::string::npos) seen = head.substr(at + 11, head.find('/', at) - at - 11);
    return HttpServer::answer("200 OK", "");
  });
  const ScopedVariable no_key("AWS_ACCESS_KEY_ID", nullptr);
  const ScopedVariable config("AWS_CONFIG_FILE", (directory / "config").c_str());
  const ScopedVariable file("AWS_SHARED_CREDENTIALS_FILE", (directory / "credentials").c_str());
  const auto store = store_at(server.endpoint());
  std::set<std::string> keys;
  const Clock::time_point give_up = Clock::now() + std::chrono::seconds(20);
  while (keys.size() < 2 && Clock::now() < give_up) {
    const Result<GetReply> reply = get(*store, {"k", {}, {}});
    ASSERT_TRUE(reply.ok()) << reply.status().message();
    const std::lock_guard lock(mutex);
    keys.insert(seen);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(keys.size(), 2U) << *keys.begin();
  EXPECT_EQ(keys.begin()->substr(0, 3), "KEY");
  fs::remove_all(directory);
}

// Against the real server.
class S3ServerFaultTest : public testing::Test {
 protected:
  void SetUp() override {
    const Result<Config> config = config_from_environment();
    ASSERT_TRUE(config.ok()) << config.status().message();
    if (config->s3.endpoint.empty() || config->bucket.empty()) {
      GTEST_SKIP() << "no S3 server: AWS_ENDPOINT_URL_S3 and BUCKET_NAME are not set";
    }
    config_ = *config;
  }
  Config config_;
};

TEST_F(S3ServerFaultTest, AMissingBucketIsNamed) {
  const auto store = open("no-such-bucket-here", config_);
  expect_words(get(*store, {"k", {}, {}}).status(), Code::not_found,
               {"'no-such-bucket-here' does not exist", "BUCKET_NAME"});
  // SeaweedFS answers "access denied" to a user who may not create the bucket.
  const Status stored = put(*store, {"k", bytes("x"), {}, false}).status();
  EXPECT_TRUE(stored.code() == Code::not_found || stored.code() == Code::permission_denied)
      << stored.message();
  expect_words(list_all(*store, "k").status(), Code::not_found,
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

}  // namespace
}  // namespace arraymorph
