#include "runtime/config/s3_settings.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <initializer_list>
#include <string>
#include <utility>

#include "runtime/endpoint.h"

namespace arraymorph::config {
namespace {

class S3SettingsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const Variable& variable : variables()) ::unsetenv(variable.name);
    lab_.name = "lab";
    lab_.exists = true;
    lab_.others = {"default", "lab"};
    lab_.files = "the files";
    lab_.endpoint = {"http://lab", kLab};
    lab_.region = {"lab-1", kLab};
    lab_.addressing_style = {"path", kLab};
    lab_.ca_bundle = {"/lab.pem", kLab};
    lab_.credentials = {"a key", kLab};
  }
  void TearDown() override {
    for (const Variable& variable : variables()) ::unsetenv(variable.name);
  }

  Status read(std::initializer_list<std::pair<const char*, const char*>> environment) {
    for (const auto& [name, value] : environment) ::setenv(name, value, 1);
    s3_ = {};
    const Result<Config> config = config_from_environment();
    if (!config.ok()) return config.status();
    s3_ = config->s3;
    return apply_profile(lab_, s3_);
  }

  static void expect_refused(const Status& status, std::initializer_list<const char*> words) {
    EXPECT_EQ(status.code(), Code::invalid_argument);
    for (const char* word : words) {
      EXPECT_NE(status.message().find(word), std::string::npos) << status.message();
    }
  }

  static constexpr const char* kLab = "profile lab in ~/.aws/config";
  Profile lab_;
  S3Settings s3_;
};

TEST_F(S3SettingsTest, TheProfileFillsWhatVariablesLeaveOpen) {
  ASSERT_TRUE(read({}).ok());
  EXPECT_EQ(s3_.endpoint, "http://lab");
  EXPECT_EQ(s3_.region, "lab-1");
  EXPECT_EQ(s3_.addressing_style, "path");
  EXPECT_EQ(s3_.ca_bundle, "/lab.pem");
  EXPECT_EQ(s3_.sources.region, kLab);
  EXPECT_EQ(s3_.sources.credentials, "a key of profile lab in ~/.aws/config");
  ASSERT_TRUE(read({{"AWS_ENDPOINT_URL", "http://aws"},
                    {"AWS_DEFAULT_REGION", "eu"},
                    {"AWS_S3_ADDRESSING_STYLE", "auto"},
                    {"AWS_CA_BUNDLE", "/x.pem"}})
                  .ok());
  EXPECT_EQ(s3_.endpoint + s3_.region + s3_.addressing_style + s3_.ca_bundle,
            "http://awseuauto/x.pem");
}

TEST_F(S3SettingsTest, Defaults) {
  lab_ = {};
  lab_.name = "default";
  ASSERT_TRUE(read({}).ok());
  EXPECT_EQ(s3_.region, "us-east-1");
  EXPECT_EQ(s3_.sources.region, "default");
  EXPECT_EQ(s3_.sources.endpoint, "default");
  EXPECT_EQ(s3_.sources.credentials, "provider chain");
}

TEST_F(S3SettingsTest, ConfiguredEndpointsMayBeIgnored) {
  ASSERT_TRUE(
      read({{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}, {"AWS_ENDPOINT_URL_S3", "http://aws"}})
          .ok());
  EXPECT_EQ(s3_.endpoint, "");
  EXPECT_EQ(s3_.sources.endpoint, "default");
  ASSERT_TRUE(read({{"ARRAYMORPH_ENDPOINT_URL", "http://ours"}}).ok());
  EXPECT_EQ(s3_.endpoint, "http://ours");
  expect_refused(read({{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "perhaps"}}),
                 {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=perhaps", "true, false"});
  ::unsetenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  ::unsetenv("ARRAYMORPH_ENDPOINT_URL");
  lab_.ignore_endpoints = {"true", kLab};
  ASSERT_TRUE(read({}).ok());
  EXPECT_EQ(s3_.endpoint, "");
  ASSERT_TRUE(read({{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false"}}).ok());
  EXPECT_EQ(s3_.endpoint, "http://aws");
}

TEST_F(S3SettingsTest, KeysComeWholeFromOnePlace) {
  ASSERT_TRUE(read({{"AWS_ACCESS_KEY_ID", "theirs"},
                    {"AWS_SECRET_ACCESS_KEY", "s"},
                    {"AWS_SESSION_TOKEN", "t"}})
                  .ok());
  EXPECT_EQ(s3_.access_key_id + s3_.secret_access_key + s3_.session_token, "theirsst");
  EXPECT_EQ(s3_.sources.credentials, "AWS_ACCESS_KEY_ID");
  ASSERT_TRUE(
      read({{"ARRAYMORPH_ACCESS_KEY_ID", "ours"}, {"ARRAYMORPH_SECRET_ACCESS_KEY", "o"}}).ok());
  EXPECT_EQ(s3_.access_key_id + s3_.secret_access_key + s3_.session_token, "ourso");
  ::unsetenv("ARRAYMORPH_SECRET_ACCESS_KEY");
  expect_refused(read({}),
                 {"ARRAYMORPH_ACCESS_KEY_ID is set, but not ARRAYMORPH_SECRET_ACCESS_KEY"});
  ::unsetenv("ARRAYMORPH_ACCESS_KEY_ID");
  expect_refused(read({{"ARRAYMORPH_SESSION_TOKEN", "t"}}), {"ARRAYMORPH_SESSION_TOKEN is set"});
  ::unsetenv("ARRAYMORPH_SESSION_TOKEN");
  ::unsetenv("AWS_ACCESS_KEY_ID");
  expect_refused(read({}), {"AWS_SECRET_ACCESS_KEY is set, but not AWS_ACCESS_KEY_ID"});
  const std::string message = read({{"AWS_SECRET_ACCESS_KEY", "hidden"}}).message();
  EXPECT_EQ(message.find("hidden"), std::string::npos) << message;
}

TEST_F(S3SettingsTest, AProfileOfOurOwnGoesBeforeKeysOfOthers) {
  const auto keys = {std::pair{"AWS_ACCESS_KEY_ID", "theirs"}, {"AWS_SECRET_ACCESS_KEY", "s"}};
  ASSERT_TRUE(read(keys).ok());
  ASSERT_TRUE(read({{"AWS_PROFILE", "lab"}}).ok());
  EXPECT_EQ(s3_.access_key_id, "theirs");
  ASSERT_TRUE(read({{"ARRAYMORPH_PROFILE", "lab"}}).ok());
  EXPECT_EQ(s3_.access_key_id, "");
  EXPECT_EQ(s3_.sources.credentials, "a key of profile lab in ~/.aws/config");
  ASSERT_TRUE(
      read({{"ARRAYMORPH_ACCESS_KEY_ID", "ours"}, {"ARRAYMORPH_SECRET_ACCESS_KEY", "o"}}).ok());
  EXPECT_EQ(s3_.access_key_id, "ours");
}

TEST_F(S3SettingsTest, NobodyAndSomebodyContradictEachOther) {
  ASSERT_TRUE(read({{"ARRAYMORPH_ANONYMOUS", "true"}, {"AWS_ACCESS_KEY_ID", "theirs"}}).ok());
  EXPECT_EQ(s3_.access_key_id, "");
  expect_refused(read({{"ARRAYMORPH_ACCESS_KEY_ID", "a"}, {"ARRAYMORPH_SECRET_ACCESS_KEY", "s"}}),
                 {"ARRAYMORPH_ANONYMOUS=true contradicts ARRAYMORPH_ACCESS_KEY_ID"});
}

TEST_F(S3SettingsTest, ProfilesThatDoNotExist) {
  lab_.exists = false;
  lab_.others = {"default", "other"};
  expect_refused(read({{"AWS_PROFILE", "lab"}}),
                 {"AWS_PROFILE=lab: there is no such profile in the files", "default, other"});
  lab_.others.clear();
  expect_refused(read({{"ARRAYMORPH_PROFILE", "lab"}}),
                 {"ARRAYMORPH_PROFILE=lab", "there is none at all"});
}

TEST_F(S3SettingsTest, HalfAKeyInTheProfile) {
  lab_.half_a_key = "profile lab has half";
  expect_refused(read({}), {"profile lab has half: the two go together"});
  EXPECT_TRUE(read({{"AWS_ACCESS_KEY_ID", "a"}, {"AWS_SECRET_ACCESS_KEY", "s"}}).ok());
}

TEST_F(S3SettingsTest, ValuesThatAreNotUnderstoodSayWhereTheyStand) {
  lab_.addressing_style.value = "both";
  expect_refused(read({}), {"addressing_style = both (profile lab in ~/.aws/config)", "path"});
  expect_refused(read({{"ARRAYMORPH_ADDRESSING_STYLE", "dns"}}),
                 {"ARRAYMORPH_ADDRESSING_STYLE=dns", "path, virtual, auto"});
  ::setenv("ARRAYMORPH_ADDRESSING_STYLE", "path", 1);
  expect_refused(read({{"ARRAYMORPH_USE_TLS", "x"}}), {"ARRAYMORPH_USE_TLS=x", "true, false"});
  ::unsetenv("ARRAYMORPH_USE_TLS");
  expect_refused(read({{"ARRAYMORPH_SIGNED_PAYLOADS", "x"}}), {"ARRAYMORPH_SIGNED_PAYLOADS=x"});
}

TEST_F(S3SettingsTest, ABucketIsNoPartOfAnAddress) {
  for (const char* endpoint : {"http://127.0.0.1:9000", "http://10.0.0.1"}) {
    ASSERT_TRUE(
        read({{"AWS_S3_ADDRESSING_STYLE", "virtual"}, {"AWS_ENDPOINT_URL", endpoint}}).ok());
    expect_refused(s3_endpoint(s3_).status(),
                   {"AWS_S3_ADDRESSING_STYLE=virtual", endpoint, "AWS_S3_ADDRESSING_STYLE=path"});
  }
  ASSERT_TRUE(read({{"AWS_ENDPOINT_URL", "http://1.host"}}).ok());
  EXPECT_TRUE(s3_endpoint(s3_).ok());
}

TEST_F(S3SettingsTest, WhatIsWrongWithAnEndpointSaysWhereItStands) {
  lab_.endpoint.value = "lab:9000";
  ASSERT_TRUE(read({}).ok());
  expect_refused(s3_endpoint(s3_).status(),
                 {"endpoint_url of profile lab in ~/.aws/config", "scheme"});
}

}  // namespace
}  // namespace arraymorph::config
