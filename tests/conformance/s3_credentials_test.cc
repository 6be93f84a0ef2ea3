// Who the S3 store says it is, and to whom.
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "conformance/s3_faults.h"

namespace arraymorph::test {
namespace {

class S3CredentialsTest : public S3Faults {};

TEST_F(S3CredentialsTest, TlsToAPlainServerFailsClearly) {
  HttpServer server(
      [](const std::string&, unsigned) { return HttpServer::answer("400 Bad Request", ""); });
  const std::string endpoint = "https" + server.endpoint().substr(4);
  expect_words(get(*store_at(endpoint), {"k", {}, {}}).status(), Code::unavailable,
               {endpoint.c_str()});
}

TEST_F(S3CredentialsTest, MissingCredentialsAreNamed) {
  const ScopedVariable no_key("AWS_ACCESS_KEY_ID", nullptr);
  const ScopedVariable no_secret("AWS_SECRET_ACCESS_KEY", nullptr);
  const ScopedVariable home("HOME", "/nonexistent");
  const Clock::time_point begin = Clock::now();
  const auto store = store_at("http://127.0.0.1:1");
  for (int i = 0; i < 2; ++i) {
    expect_words(get(*store, {"k", {}, {}}).status(), Code::permission_denied,
                 {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "~/.aws/credentials"});
  }
  EXPECT_LT(Clock::now() - begin, kSoon);
}

TEST_F(S3CredentialsTest, MissingCredentialsAreNamedWithoutMetadataService) {
  const ScopedVariable no_key("AWS_ACCESS_KEY_ID", nullptr);
  const ScopedVariable no_secret("AWS_SECRET_ACCESS_KEY", nullptr);
  const ScopedVariable home("HOME", "/nonexistent");
  const ScopedVariable no_metadata("AWS_EC2_METADATA_DISABLED", "true");
  expect_words(get(*store_at("http://127.0.0.1:1"), {"k", {}, {}}).status(),
               Code::permission_denied, {"AWS_ACCESS_KEY_ID", "~/.aws/credentials"});
}

TEST_F(S3CredentialsTest, ASilentCredentialServiceIsNotWaitedFor) {
  std::shared_ptr<ObjectStore> store;  // ends after the service, or would not end in time
  HttpServer silent([](const std::string&, unsigned) { return std::string(); });
  const std::string uri = silent.endpoint() + "/credentials";
  const ScopedVariable no_key("AWS_ACCESS_KEY_ID", nullptr);
  const ScopedVariable no_secret("AWS_SECRET_ACCESS_KEY", nullptr);
  const ScopedVariable home("HOME", "/nonexistent");
  const ScopedVariable container("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri.c_str());
  store = store_at("http://127.0.0.1:1");
  const Clock::time_point begin = Clock::now();
  // Waiting for 5 s is enough; not every request begins anew.
  for (int i = 0; i < 8; ++i) {
    expect_words(get(*store, {"k", {}, {}}).status(), Code::permission_denied,
                 {"AWS_ACCESS_KEY_ID"});
  }
  EXPECT_LT(Clock::now() - begin, kSoon);
}

TEST_F(S3CredentialsTest, ProfilesAreRead) {
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
    const ScopedVariable no_secret("AWS_SECRET_ACCESS_KEY", nullptr);
    const ScopedVariable file("AWS_SHARED_CREDENTIALS_FILE", (directory / "credentials").c_str());
    const ScopedVariable profile("AWS_PROFILE", "special");
    const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", {}, {}});
    EXPECT_TRUE(reply.ok()) << reply.status().message();
  }
  EXPECT_NE(seen.find("Credential=FROMPROFILE/"), std::string::npos) << seen;
  fs::remove_all(directory);
}

TEST_F(S3CredentialsTest, CredentialsThatExpireAreAskedForAgain) {
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
  const ScopedVariable no_secret("AWS_SECRET_ACCESS_KEY", nullptr);
  const ScopedVariable config("AWS_CONFIG_FILE", (directory / "config").c_str());
  const ScopedVariable file("AWS_SHARED_CREDENTIALS_FILE", (directory / "credentials").c_str());
  const auto store = store_at(server.endpoint());
  std::set<std::string> keys;
  const Clock::time_point give_up = Clock::now() + std::chrono::seconds(120);
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

std::string key_of(const std::string& head) {
  const std::size_t at = head.find("Credential=");
  return at == std::string::npos ? "" : head.substr(at + 11, head.find('/', at) - at - 11);
}

// Answers as a container's credentials service; each time with another key.
class ContainerService {
 public:
  explicit ContainerService(std::string token) : token_(std::move(token)) {}
  void set_expiration(std::string when) { expiration_ = std::move(when); }
  std::string uri() const { return server_.endpoint() + "/credentials"; }
  unsigned requests() const { return server_.requests(); }

 private:
  std::string answer(const std::string& head, unsigned n) const {
    if (head.find("uthorization: " + token_ + "\r\n") == std::string::npos) {
      return HttpServer::answer("403 Forbidden", "{}");
    }
    const std::string key = "CONTAINER" + std::to_string(n);
    return HttpServer::answer("200 OK", "{\"AccessKeyId\": \"" + key +
                                            "\", \"SecretAccessKey\": \"s\", \"Token\": "
                                            "\"t\", \"Expiration\": \"" +
                                            expiration_ + "\"}");
  }

  const std::string token_;
  std::string expiration_ = "2099-01-01T00:00:00Z";
  HttpServer server_{[this](const std::string& head, unsigned n) { return answer(head, n); }};
};

class S3ContainerTest : public S3Faults {
 protected:
  ContainerService service_{"Bearer-of-tests"};
  const std::string uri_ = service_.uri();
  const ScopedVariable no_key_{"AWS_ACCESS_KEY_ID", nullptr};
  const ScopedVariable no_secret_{"AWS_SECRET_ACCESS_KEY", nullptr};
  const ScopedVariable home_{"HOME", "/nonexistent"};
  const ScopedVariable no_metadata_{"AWS_EC2_METADATA_DISABLED", "true"};
  const ScopedVariable container_{"AWS_CONTAINER_CREDENTIALS_FULL_URI", uri_.c_str()};
  const ScopedVariable token_{"AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer-of-tests"};
};

TEST_F(S3ContainerTest, TheContainersServiceIsAsked) {
  std::string seen;
  HttpServer server([&](const std::string& head, unsigned) {
    seen = head;
    return HttpServer::answer("200 OK", "");
  });
  const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", {}, {}});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(key_of(seen), "CONTAINER0");
  EXPECT_NE(seen.find("ecurity-"), std::string::npos) << seen;  // X-Amz-Security-Token
}

TEST_F(S3ContainerTest, CredentialsThatExpireAreAskedForAgain) {
  const std::time_t soon = std::time(nullptr) + 2;
  std::tm parts{};
  char text[32];
  ::gmtime_r(&soon, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  service_.set_expiration(text);
  std::mutex mutex;
  std::set<std::string> keys;
  HttpServer server([&](const std::string& head, unsigned) {
    const std::lock_guard lock(mutex);
    keys.insert(key_of(head));
    return HttpServer::answer("200 OK", "");
  });
  const auto store = store_at(server.endpoint());
  const Clock::time_point give_up = Clock::now() + std::chrono::seconds(120);
  for (bool renewed = false; !renewed && Clock::now() < give_up;) {
    const Result<GetReply> reply = get(*store, {"k", {}, {}});
    ASSERT_TRUE(reply.ok()) << reply.status().message();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const std::lock_guard lock(mutex);
    renewed = keys.size() > 1;
  }
  EXPECT_GT(keys.size(), 1u);
}

// The server calls expired what should be valid: asked for again, once.
TEST_F(S3ContainerTest, ExpiredTokensAreRenewedOnce) {
  HttpServer server([&](const std::string& head, unsigned) {
    return key_of(head) == "CONTAINER0"
               ? HttpServer::answer("400 Bad Request", error_body("ExpiredToken"))
               : HttpServer::answer("200 OK", "", "ETag: \"t\"\r\n");
  });
  const auto store = store_at(server.endpoint());
  const Result<PutReply> reply = put(*store, {"k", bytes("x"), {}, false});
  EXPECT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(server.requests(), 2u);
  EXPECT_EQ(service_.requests(), 2u);
  EXPECT_TRUE(get(*store, {"k", {}, {}}).ok());
  EXPECT_EQ(service_.requests(), 2u);
}

TEST_F(S3ContainerTest, TokensThatStayExpiredAreAnError) {
  HttpServer server([&](const std::string&, unsigned) {
    return HttpServer::answer("400 Bad Request", error_body("ExpiredToken"));
  });
  expect_words(get(*store_at(server.endpoint()), {"k", {}, {}}).status(), Code::permission_denied,
               {"GET s3://b/k", "ExpiredToken", "AWS_SESSION_TOKEN"});
  EXPECT_EQ(server.requests(), 2u);
}

TEST_F(S3CredentialsTest, FixedTokensThatExpiredAreAnErrorAtOnce) {
  const ScopedVariable token("AWS_SESSION_TOKEN", "t");
  HttpServer server([&](const std::string&, unsigned) {
    return HttpServer::answer("400 Bad Request", error_body("ExpiredToken"));
  });
  expect_words(get(*store_at(server.endpoint()), {"k", {}, {}}).status(), Code::permission_denied,
               {"GET s3://b/k", "ExpiredToken", "AWS_SESSION_TOKEN"});
  EXPECT_EQ(server.requests(), 1u);
}

// An instance's metadata service, version 2: first a token by PUT, then everything with it.
TEST_F(S3CredentialsTest, TheInstancesServiceIsAsked) {
  HttpServer metadata([](const std::string& head, unsigned) {
    if (head.starts_with("PUT /latest/api/token")) return HttpServer::answer("200 OK", "session");
    if (head.find("session") == std::string::npos) {
      return HttpServer::answer("401 Unauthorized", "");
    }
    const bool list = head.find("security-credentials/ ") != std::string::npos;
    if (list) return HttpServer::answer("200 OK", "role");
    return HttpServer::answer("200 OK",
                              "{\"Code\": \"Success\", \"Type\": \"AWS-HMAC\", \"AccessKeyId\": "
                              "\"INSTANCE\", \"SecretAccessKey\": \"s\", \"Token\": \"t\", "
                              "\"LastUpdated\": \"2026-01-01T00:00:00Z\", \"Expiration\": "
                              "\"2099-01-01T00:00:00Z\"}");
  });
  const std::string endpoint = metadata.endpoint();
  const ScopedVariable no_key("AWS_ACCESS_KEY_ID", nullptr);
  const ScopedVariable no_secret("AWS_SECRET_ACCESS_KEY", nullptr);
  const ScopedVariable home("HOME", "/nonexistent");
  const ScopedVariable address("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.c_str());
  std::string seen;
  HttpServer server([&](const std::string& head, unsigned) {
    seen = head;
    return HttpServer::answer("200 OK", "");
  });
  const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", {}, {}});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(key_of(seen), "INSTANCE");
}

TEST_F(S3CredentialsTest, AnonymousRequestsAreNotSigned) {
  std::string seen;
  HttpServer server([&](const std::string& head, unsigned) {
    seen = head;
    return HttpServer::answer("200 OK", "", "ETag: \"t\"\r\n");
  });
  Config config = config_for(server.endpoint());
  config.s3.anonymous = true;
  const auto store = open("b", config);
  const Result<GetReply> reply = get(*store, {"k", {}, {}});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(seen.find("uthorization"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("key"), std::string::npos) << seen;
  ASSERT_TRUE(put(*store, {"k", bytes("x"), {}, false}).ok());
  EXPECT_EQ(seen.find("uthorization"), std::string::npos) << seen;
}

TEST_F(S3CredentialsTest, AnonymousRefusalsSaySo) {
  HttpServer server([&](const std::string&, unsigned) {
    return HttpServer::answer("403 Forbidden", error_body("AccessDenied"));
  });
  Config config = config_for(server.endpoint());
  config.s3.anonymous = true;
  expect_words(get(*open("b", config), {"k", {}, {}}).status(), Code::permission_denied,
               {"AccessDenied", "ARRAYMORPH_ANONYMOUS"});
}

TEST_F(S3CredentialsTest, RedirectsAreNotFollowed) {
  HttpServer other([](const std::string& head, unsigned) {
    ADD_FAILURE() << head;
    return HttpServer::answer("200 OK", "");
  });
  for (const char* status : {"301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect",
                             "308 Permanent Redirect"}) {
    HttpServer server([&](const std::string&, unsigned) {
      return HttpServer::answer(status, "", "Location: " + other.endpoint() + "/b/k\r\n");
    });
    const auto store = store_at(server.endpoint());
    expect_words(get(*store, {"k", {}, {}}).status(), Code::invalid_argument,
                 {"redirects are not followed", "leads to http://127.0.0.1", "AWS_REGION"});
    EXPECT_FALSE(put(*store, {"k", bytes("x"), {}, false}).ok());
    EXPECT_EQ(server.requests(), 2u);
  }
  EXPECT_EQ(other.requests(), 0u);
}

TEST_F(S3CredentialsTest, WrongClocksAreNamed) {
  HttpServer server([&](const std::string&, unsigned) {
    return HttpServer::answer("403 Forbidden", error_body("RequestTimeTooSkewed"));
  });
  expect_words(get(*store_at(server.endpoint()), {"k", {}, {}}).status(), Code::permission_denied,
               {"GET s3://b/k", "RequestTimeTooSkewed", "clock"});
  EXPECT_EQ(server.requests(), 1u);
}

TEST_F(S3CredentialsTest, ServersCannotSteerTheTerminal) {
  HttpServer server([&](const std::string&, unsigned) {
    return HttpServer::answer("403 Forbidden",
                              "<Error><Code>Ab\x1b[2J\ncd</Code><Message>&#27;]0;x&#7;" +
                                  std::string(100000, 'x') + "</Message></Error>");
  });
  const std::string message = get(*store_at(server.endpoint()), {"k", {}, {}}).status().message();
  for (const char each : message) EXPECT_GE(static_cast<unsigned char>(each), 0x20) << message;
  EXPECT_LT(message.size(), 1500u);
}

}  // namespace
}  // namespace arraymorph::test
