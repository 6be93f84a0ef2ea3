#include "runtime/config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <thread>
#include <utility>

#include "runtime/log.h"
#include "runtime/trace.h"

namespace arraymorph {
namespace {

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const Variable& variable : variables()) ::unsetenv(variable.name);
  }
  void TearDown() override { SetUp(); }

  static Result<Config> read(
      std::initializer_list<std::pair<const char*, const char*>> environment) {
    for (const auto& [name, value] : environment) ::setenv(name, value, 1);
    return config_from_environment();
  }

  static void expect_refused(const Status& status, std::initializer_list<const char*> words) {
    EXPECT_EQ(status.code(), Code::invalid_argument);
    for (const char* word : words) {
      EXPECT_NE(status.message().find(word), std::string::npos) << status.message();
    }
  }
};

TEST_F(ConfigTest, ProbeAndCacheDirectory) {
  EXPECT_EQ(read({})->probe, Probe::automatic);
  EXPECT_EQ(read({{"ARRAYMORPH_PROBE", "auto"}})->probe, Probe::automatic);
  EXPECT_EQ(read({{"ARRAYMORPH_PROBE", "Always"}})->probe, Probe::always);
  EXPECT_EQ(read({{"ARRAYMORPH_PROBE", "off"}})->probe, Probe::off);
  expect_refused(read({{"ARRAYMORPH_PROBE", "never"}}).status(),
                 {"ARRAYMORPH_PROBE=never", "auto, always, off"});
  ::unsetenv("ARRAYMORPH_PROBE");
  const char* given = std::getenv("XDG_CACHE_HOME");
  const std::string before = given == nullptr ? "" : given;
  EXPECT_EQ(read({{"XDG_CACHE_HOME", "/x/y"}})->cache_directory, "/x/y/arraymorph");
  EXPECT_EQ(read({{"XDG_CACHE_HOME", "relative"}, {"HOME", "/home/me"}})->cache_directory,
            "/home/me/.cache/arraymorph");
  EXPECT_EQ(read({{"HOME", ""}})->cache_directory, "");
  if (before.empty()) {
    ::unsetenv("XDG_CACHE_HOME");
  } else {
    ::setenv("XDG_CACHE_HOME", before.c_str(), 1);
  }
}

TEST_F(ConfigTest, TemporaryDirectory) {
  const char* given = std::getenv("TMPDIR");
  const std::string before = given == nullptr ? "" : given;
  EXPECT_EQ(read({{"TMPDIR", "/x/y/"}, {"TMP", "/z"}})->temporary_directory, "/x/y");
  EXPECT_EQ(read({{"TMPDIR", "relative"}, {"TMP", "/z"}})->temporary_directory, "/z");
  EXPECT_EQ(read({{"TMPDIR", "/"}, {"TMP", ""}})->temporary_directory, "/tmp");
  ::unsetenv("TMP");
  ::setenv("TMPDIR", before.c_str(), 1);
  if (before.empty()) ::unsetenv("TMPDIR");
}

TEST_F(ConfigTest, TraceIsAFileThatMayBeWritten) {
  expect_refused(read({{"ARRAYMORPH_TRACE", "/no/such/directory/x"}}).status(),
                 {"ARRAYMORPH_TRACE=/no/such/directory/x", "No such file or directory"});
  EXPECT_FALSE(trace::on());
  EXPECT_TRUE(read({{"ARRAYMORPH_TRACE", "/dev/null"}}).ok());
  EXPECT_TRUE(trace::on());
  EXPECT_TRUE(read({{"ARRAYMORPH_TRACE", ""}}).ok());
  EXPECT_FALSE(trace::on());
}

TEST_F(ConfigTest, DefaultsAreSafe) {
  const Result<Config> config = read({});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->platform, Platform::native);
  EXPECT_EQ(config->connections, 64u);
  EXPECT_GE(config->codec_threads, 1u);
  EXPECT_EQ(config->inline_bytes, 65536u);
  EXPECT_EQ(config->piece_bytes, 8u << 20);
  EXPECT_EQ(config->speed_sources.connections, "automatic");
  EXPECT_EQ(config->s3.region, "");  // the profile may have one
}

TEST_F(ConfigTest, PresetsAreNumbersAndSingleVariablesGoBefore) {
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  Result<Config> config = read({});
  EXPECT_EQ(config->event_loops, std::min(16u, cores));
  EXPECT_EQ(config->codec_threads, cores);
  config = read({{"ARRAYMORPH_PRESET", "Local"}});
  EXPECT_EQ(config->connections, 32u);
  EXPECT_EQ(config->event_loops, std::min(32u, cores));
  EXPECT_EQ(config->codec_threads, 16u);
  EXPECT_EQ(config->speed_sources.codec_threads, "preset local");
  config = read({{"ARRAYMORPH_PRESET", "production"}, {"ARRAYMORPH_CODEC_THREADS", "3"}});
  EXPECT_EQ(config->connections, 256u);
  EXPECT_EQ(config->event_loops, std::min(256u, 4 * cores));
  EXPECT_EQ(config->codec_threads, 3u);
  EXPECT_EQ(config->speed_sources.codec_threads, "ARRAYMORPH_CODEC_THREADS");
  EXPECT_EQ(config->speed_sources.connections, "preset production");
  expect_refused(read({{"ARRAYMORPH_PRESET", "fast"}}).status(),
                 {"ARRAYMORPH_PRESET=fast", "auto, local, production"});
  ::unsetenv("ARRAYMORPH_PRESET");
  expect_refused(read({{"ARRAYMORPH_EVENT_LOOPS", "1000"}}).status(),
                 {"ARRAYMORPH_EVENT_LOOPS=1000", "from 1 to 256"});
}

TEST_F(ConfigTest, UnknownVariablesAreWarnedAboutOnce) {
  ::setenv("ARRAYMORPH_CONECTIONS", "value-7", 1);
  testing::internal::CaptureStderr();
  ASSERT_TRUE(read({}).ok());
  ASSERT_TRUE(read({}).ok());
  ::unsetenv("ARRAYMORPH_CONECTIONS");
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(said,
            "arraymorph: warn: the variable ARRAYMORPH_CONECTIONS is set, but there is none of "
            "this name: is ARRAYMORPH_CONNECTIONS meant?\n");
}

TEST_F(ConfigTest, ABucketMeansS3) {
  EXPECT_EQ(read({{"BUCKET_NAME", "b"}})->platform, Platform::s3);
  EXPECT_EQ(read({{"STORAGE_PLATFORM", "lOcAl"}})->platform, Platform::local);
  EXPECT_EQ(read({{"STORAGE_PLATFORM", "Memory"}})->platform, Platform::memory);
  expect_refused(read({{"STORAGE_PLATFORM", "Azure"}}).status(),
                 {"STORAGE_PLATFORM", "Azure", "S3", "Local"});
}

TEST_F(ConfigTest, SpecificVariablesComeFirst) {
  const Result<Config> config = read({{"AWS_ENDPOINT_URL", "http://general"},
                                      {"AWS_ENDPOINT_URL_S3", "http://special"},
                                      {"AWS_DEFAULT_REGION", "eu-west-1"}});
  EXPECT_EQ(config->s3.endpoint, "http://special");
  EXPECT_EQ(config->s3.region, "eu-west-1");
  EXPECT_EQ(config->s3.sources.endpoint, "AWS_ENDPOINT_URL_S3");
  EXPECT_EQ(config->s3.sources.region, "AWS_DEFAULT_REGION");
  EXPECT_EQ(read({{"AWS_REGION", "eu-north-1"}})->s3.region, "eu-north-1");
}

TEST_F(ConfigTest, OurOwnVariablesGoBeforeAllOthers) {
  const Result<Config> config = read({{"ARRAYMORPH_ENDPOINT_URL", "http://ours"},
                                      {"AWS_ENDPOINT_URL_S3", "http://theirs"},
                                      {"ARRAYMORPH_REGION", "garage"},
                                      {"AWS_REGION", "eu-west-1"},
                                      {"ARRAYMORPH_ADDRESSING_STYLE", "path"},
                                      {"AWS_S3_ADDRESSING_STYLE", "virtual"},
                                      {"ARRAYMORPH_USE_TLS", "false"},
                                      {"AWS_USE_TLS", "true"},
                                      {"ARRAYMORPH_SIGNED_PAYLOADS", "true"},
                                      {"AWS_SIGNED_PAYLOADS", "false"},
                                      {"ARRAYMORPH_CA_BUNDLE", "/ours.pem"},
                                      {"AWS_CA_BUNDLE", "/theirs.pem"},
                                      {"ARRAYMORPH_PROFILE", "ours"},
                                      {"AWS_PROFILE", "theirs"}});
  const S3Settings& s3 = config->s3;
  EXPECT_EQ(s3.endpoint + s3.region + s3.addressing_style, "http://oursgaragepath");
  EXPECT_EQ(s3.use_tls + s3.signed_payloads + s3.ca_bundle + s3.profile, "falsetrue/ours.pemours");
  EXPECT_TRUE(s3.profile_is_explicit);
  EXPECT_EQ(s3.sources.endpoint, "ARRAYMORPH_ENDPOINT_URL");
  EXPECT_EQ(s3.sources.ca_bundle, "ARRAYMORPH_CA_BUNDLE");
}

TEST_F(ConfigTest, EmptyVariablesAreNotSet) {
  const Result<Config> config = read({{"ARRAYMORPH_ENDPOINT_URL", ""},
                                      {"AWS_ENDPOINT_URL", "http://general"},
                                      {"ARRAYMORPH_PRESET", ""},
                                      {"STORAGE_PLATFORM", ""},
                                      {"AWS_PROFILE", ""}});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->s3.endpoint, "http://general");
  EXPECT_EQ(config->s3.sources.profile, "");
}

TEST_F(ConfigTest, SizesTakeSuffixes) {
  EXPECT_EQ(read({{"ARRAYMORPH_CACHE_BYTES", "100"}})->cache_bytes, 100u);
  EXPECT_GE(read({})->plain_cache_bytes, 128ull << 20) << "by the memory";
  EXPECT_LE(read({})->plain_cache_bytes, 1ull << 30);
  EXPECT_EQ(read({{"ARRAYMORPH_PLAIN_CACHE_BYTES", "7"}})->plain_cache_bytes, 7u);
  EXPECT_EQ(read({{"ARRAYMORPH_CACHE_BYTES", "2k"}})->cache_bytes, 2048u);
  EXPECT_EQ(read({{"ARRAYMORPH_CACHE_BYTES", "3MB"}})->cache_bytes, 3u << 20);
  EXPECT_EQ(read({{"ARRAYMORPH_CACHE_BYTES", "4GiB"}})->cache_bytes, 4ull << 30);
  EXPECT_EQ(read({{"ARRAYMORPH_INLINE_BYTES", "0"}})->inline_bytes, 0u);
  for (const char* wrong : {"x", "1T", "-1", "1.5", "1Mi", "99999999999G", " 1", "1 "}) {
    expect_refused(read({{"ARRAYMORPH_CACHE_BYTES", wrong}}).status(),
                   {"ARRAYMORPH_CACHE_BYTES", wrong});
  }
}

TEST_F(ConfigTest, NumbersHaveBounds) {
  expect_refused(read({{"ARRAYMORPH_CONNECTIONS", "0"}}).status(), {"ARRAYMORPH_CONNECTIONS"});
  expect_refused(read({{"ARRAYMORPH_CONNECTIONS", "100000"}}).status(), {"4096"});
  ::unsetenv("ARRAYMORPH_CONNECTIONS");
  expect_refused(read({{"ARRAYMORPH_PIECE_BYTES", "0"}}).status(), {"ARRAYMORPH_PIECE_BYTES"});
}

TEST_F(ConfigTest, ChecksumsAreChosenByName) {
  EXPECT_EQ(read({})->checksums, Checksums::crc32c);
  EXPECT_EQ(read({{"ARRAYMORPH_CHECKSUMS", "Off"}})->checksums, Checksums::off);
  EXPECT_EQ(read({{"ARRAYMORPH_CHECKSUMS", "etag"}})->checksums, Checksums::etag);
  expect_refused(read({{"ARRAYMORPH_CHECKSUMS", "md5"}}).status(),
                 {"ARRAYMORPH_CHECKSUMS", "md5", "off", "crc32c", "etag"});
}

TEST_F(ConfigTest, DeadlinesHaveBounds) {
  EXPECT_EQ(read({})->deadline_seconds, 120u);
  EXPECT_EQ(read({{"ARRAYMORPH_DEADLINE", "7"}})->deadline_seconds, 7u);
  expect_refused(read({{"ARRAYMORPH_DEADLINE", "0"}}).status(), {"ARRAYMORPH_DEADLINE"});
  expect_refused(read({{"ARRAYMORPH_DEADLINE", "never"}}).status(), {"never", "86400"});
}

TEST_F(ConfigTest, AnonymousIsAFlag) {
  EXPECT_FALSE(read({})->s3.anonymous);
  EXPECT_TRUE(read({{"ARRAYMORPH_ANONYMOUS", "true"}})->s3.anonymous);
  EXPECT_FALSE(read({{"ARRAYMORPH_ANONYMOUS", "no"}})->s3.anonymous);
  expect_refused(read({{"ARRAYMORPH_ANONYMOUS", "maybe"}}).status(),
                 {"ARRAYMORPH_ANONYMOUS", "maybe", "true"});
}

TEST_F(ConfigTest, RootsBecomeAbsolute) {
  EXPECT_EQ(read({{"ARRAYMORPH_ROOT", "/data/./x/"}})->root, "/data/x");
  EXPECT_EQ(read({{"ARRAYMORPH_ROOT", "/"}})->root, "/");
  EXPECT_TRUE(read({{"ARRAYMORPH_ROOT", "relative"}})->root.starts_with("/"));
}

TEST_F(ConfigTest, LogLevelIsApplied) {
  ASSERT_TRUE(read({{"ARRAYMORPH_LOG", "Debug"}}).ok());
  EXPECT_TRUE(log_enabled(LogLevel::debug));
  ASSERT_TRUE(read({{"ARRAYMORPH_LOG", "off"}}).ok());
  EXPECT_FALSE(log_enabled(LogLevel::error));
  expect_refused(read({{"ARRAYMORPH_LOG", "loud"}}).status(), {"ARRAYMORPH_LOG", "loud", "off"});
  ::unsetenv("ARRAYMORPH_LOG");
  ASSERT_TRUE(read({}).ok());
  EXPECT_FALSE(log_enabled(LogLevel::info));
}

TEST_F(ConfigTest, ChoicesTakeTheirNames) {
  Result<Config> config = read({});
  EXPECT_EQ(config->write_mode, WriteMode::in_place);
  EXPECT_EQ(config->on_conflict, OnConflict::fail);
  config = read({{"ARRAYMORPH_WRITE", "New-Objects"}, {"ARRAYMORPH_ON_CONFLICT", "discard"}});
  EXPECT_EQ(config->write_mode, WriteMode::new_objects);
  EXPECT_EQ(config->on_conflict, OnConflict::discard);
  EXPECT_EQ(read({{"ARRAYMORPH_ON_CONFLICT", "overwrite"}})->on_conflict, OnConflict::overwrite);
  expect_refused(read({{"ARRAYMORPH_ON_CONFLICT", "win"}}).status(),
                 {"ARRAYMORPH_ON_CONFLICT", "win", "fail, overwrite, discard"});
  ::unsetenv("ARRAYMORPH_ON_CONFLICT");
  expect_refused(read({{"ARRAYMORPH_WRITE", "new"}}).status(),
                 {"ARRAYMORPH_WRITE", "in-place, new-objects"});
}

}  // namespace
}  // namespace arraymorph
