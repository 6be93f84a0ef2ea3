// Conditional PUTs of writers at one moment: what the probe finds on every store, and on servers
// that lie. S3: the server that AWS_ENDPOINT_URL_S3 names (skipped without one).
// TEST_ROUNDS: rounds on each store, default 4.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include "arraymorph/object_store.h"
#include "runtime/config.h"
#include "store/conditions.h"
#include "store/local/local_store.h"
#include "store/memory/memory_store.h"
#include "store/s3/s3_store.h"
#include "support/bytes.h"
#include "support/lying_store.h"

namespace arraymorph::store {
namespace {

using Kind = PutCondition::Kind;
using test::bytes;
using test::Lie;
using test::LyingStore;
using test::text;

unsigned rounds() {
  const char* given = std::getenv("TEST_ROUNDS");
  return given == nullptr ? 4 : static_cast<unsigned>(std::strtoul(given, nullptr, 10));
}

class StoreProbeTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string kind = GetParam();
    if (kind == "memory") {
      store_ = make_memory_store("probe");
    } else if (kind == "local") {
      directory_ = testing::TempDir() + "arraymorph-probe-" + std::to_string(::getpid());
      store_ = make_local_store(directory_);
    } else {
      const Result<Config> config = config_from_environment();
      ASSERT_TRUE(config.ok()) << config.status().message();
      if (config->s3.endpoint.empty() || config->bucket.empty()) {
        GTEST_SKIP() << "no S3 server: AWS_ENDPOINT_URL_S3 and BUCKET_NAME are not set";
      }
      Result<std::shared_ptr<ObjectStore>> made = make_s3_store(config->bucket, *config);
      ASSERT_TRUE(made.ok()) << made.status().message();
      store_ = std::move(*made);
    }
  }

  void TearDown() override {
    if (store_) {
      EXPECT_TRUE(list_all(*store_, folder_)->empty());
    }
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }

  std::shared_ptr<ObjectStore> store_;
  std::string directory_;
  const std::string folder_ = "probed-" + std::to_string(::getpid()) + "/.arraymorph/";
};

TEST_P(StoreProbeTest, ConditionsAreHonoured) {
  const ConditionReport report = probe_conditions(*store_, folder_, {rounds(), 8});
  std::cout << report.words << "\n";
  EXPECT_TRUE(report.reached);
  EXPECT_TRUE(report.failure.ok()) << report.failure.message();
  EXPECT_EQ(report.verdict, Conditions::honoured) << report.words;
  EXPECT_EQ(report.if_absent.rounds, rounds());
  EXPECT_EQ(report.if_match.rounds, rounds());
}

TEST_P(StoreProbeTest, LiesAreFound) {
  const auto verdict = [&](Lie lie) {
    LyingStore lying(store_, lie);
    return probe_conditions(lying, folder_).verdict;
  };
  EXPECT_EQ(verdict(Lie::ignores), Conditions::ignored);
  EXPECT_EQ(verdict(Lie::races), Conditions::racy);
  EXPECT_EQ(verdict(Lie::refuses), Conditions::unsupported);
  EXPECT_EQ(verdict(Lie::drops), Conditions::ignored);
}

// One writer after the other: the HEAD before the PUT finds what the server does not tell.
TEST_P(StoreProbeTest, ALyingServerStillGivesConflicts) {
  Config config;
  config.cache_directory.clear();
  const std::string key = folder_ + "metadata.h5";
  for (const Lie lie : {Lie::ignores, Lie::races, Lie::refuses}) {
    LyingStore lying(store_, lie);
    const auto put_as = [&](const char* content, PutCondition condition) {
      return guarded_put(lying, {key, bytes(content), std::move(condition), true}, config);
    };
    const auto first = put_as("first", {Kind::if_absent, {}});
    ASSERT_TRUE(first.ok()) << first.status().message();
    EXPECT_EQ(put_as("other", {Kind::if_absent, {}}).status().code(), Code::already_exists);
    const auto second = put_as("second", {Kind::if_match, first->etag});
    ASSERT_TRUE(second.ok()) << second.status().message();
    const auto late = put_as("late", {Kind::if_match, first->etag});
    EXPECT_EQ(late.status().code(), Code::conflict);
    EXPECT_NE(late.status().message().find(key), std::string::npos);
    EXPECT_EQ(text(get(*store_, {key, {}, {}})->body), "second");
    ASSERT_TRUE(remove(*store_, {key}).ok());
    EXPECT_EQ(put_as("gone", {Kind::if_match, second->etag}).status().code(), Code::conflict);
    EXPECT_EQ(get(*store_, {key, {}, {}}).status().code(), Code::not_found);
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreProbeTest, testing::Values("memory", "local", "s3"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace arraymorph::store
