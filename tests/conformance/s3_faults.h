// What the tests of the S3 store's faults share.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>

#include "store/s3/s3_store.h"
#include "support/bytes.h"
#include "support/http_server.h"

namespace arraymorph::test {

using Clock = std::chrono::steady_clock;

// Less than the default timeout of one request, so than any wait for one; plenty for the rest.
constexpr std::chrono::seconds kSoon{25};

inline std::string error_body(const std::string& code) {
  return "<Error><Code>" + code + "</Code><Message>words</Message></Error>";
}

inline std::string slow_down() {
  return HttpServer::answer("503 Slow Down", error_body("SlowDown"));
}

inline void expect_words(const Status& status, Code code,
                         std::initializer_list<const char*> words) {
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
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

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

inline std::shared_ptr<ObjectStore> open(const std::string& bucket, const Config& config) {
  auto store = store::make_s3_store(bucket, config);
  EXPECT_TRUE(store.ok()) << store.status().message();
  return *store;
}

// Against a server of the test's own.
class S3Faults : public testing::Test {
 protected:
  static Config config_for(const std::string& endpoint) {
    Config config = *config_from_environment();
    config.s3.region = "us-east-1";
    config.s3.endpoint = endpoint;
    config.retries = 3;
    return config;
  }

  static std::shared_ptr<ObjectStore> store_at(const std::string& endpoint) {
    return open("b", config_for(endpoint));
  }

  const ScopedVariable key_{"AWS_ACCESS_KEY_ID", "key"};
  const ScopedVariable secret_{"AWS_SECRET_ACCESS_KEY", "secret"};
};

// Against the real server.
class S3Server : public testing::Test {
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

}  // namespace arraymorph::test
