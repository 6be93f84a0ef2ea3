#include "store/conditions.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "runtime/lifecycle.h"
#include "runtime/stats.h"
#include "store/memory/memory_store.h"
#include "store/verdict_file.h"
#include "store/wrap/metrics.h"
#include "support/bytes.h"
#include "support/fault_store.h"
#include "support/in_child.h"
#include "support/lying_store.h"

namespace arraymorph::store {
namespace {

using Kind = PutCondition::Kind;
using test::bytes;
using test::Lie;
using test::LyingStore;
namespace fs = std::filesystem;

class ConditionsTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "arraymorph-cache-" + std::to_string(::getpid());
    fs::remove_all(directory_);
    config_.cache_directory = directory_ + "/deep/arraymorph";
  }
  void TearDown() override { fs::remove_all(directory_); }

  fs::path only_file() const {
    fs::path found;
    for (const auto& each : fs::directory_iterator(config_.cache_directory)) {
      EXPECT_TRUE(found.empty()) << each.path();
      found = each.path();
    }
    return found;
  }

  Result<PutReply> create(ObjectStore& store, const std::string& key) const {
    return guarded_put(store, {key, bytes("x"), {Kind::if_absent, {}}, true}, config_);
  }

  static ConditionReport report(Conditions verdict) {
    ConditionReport made;
    made.verdict = verdict;
    made.words = "seen";
    return made;
  }

  std::string directory_;
  Config config_;
};

TEST_F(ConditionsTest, TheVerdictIsFoundOnceAndKept) {
  LyingStore store(make_memory_store("a"), Lie::ignores);
  testing::internal::CaptureStderr();
  ASSERT_TRUE(create(store, "f/.arraymorph/metadata.h5").ok());
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_NE(said.find(store.identity()), std::string::npos) << said;
  EXPECT_NE(said.find("ignored"), std::string::npos) << said;
  const std::size_t probed = store.puts();
  EXPECT_GT(probed, 2u);
  testing::internal::CaptureStderr();
  ASSERT_TRUE(create(store, "g/.arraymorph/metadata.h5").ok());
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(store.puts(), probed + 1);
  const fs::path file = only_file();
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_TRUE(list_all(store, "f/.arraymorph/probe")->empty());

  // As another process finds it: the same server under the name that was kept.
  const auto kept = load_verdict(config_.cache_directory, store.identity());
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->verdict, Conditions::ignored);
  EXPECT_NE(kept->words.find("replaced"), std::string::npos);
}

TEST_F(ConditionsTest, AnEarlierProcessVerdictSavesTheProbe) {
  LyingStore store(make_memory_store("a"), Lie::ignores);
  save_verdict(config_.cache_directory, store.identity(), report(Conditions::ignored));
  ASSERT_TRUE(create(store, "f/m").ok());
  EXPECT_EQ(store.puts(), 1u);
  EXPECT_EQ(store.heads(), 1u);

  LyingStore again(make_memory_store("b"), Lie::ignores);
  save_verdict(config_.cache_directory, again.identity(), report(Conditions::ignored));
  config_.probe = Probe::always;
  ASSERT_TRUE(create(again, "f/m").ok());
  EXPECT_GT(again.puts(), 1u);
}

TEST_F(ConditionsTest, OffTrustsTheServer) {
  config_.probe = Probe::off;
  LyingStore store(make_memory_store("a"), Lie::ignores);
  ASSERT_TRUE(create(store, "f/m").ok());
  ASSERT_TRUE(create(store, "f/m").ok());  // the lie goes unnoticed
  EXPECT_EQ(store.puts(), 2u);
  EXPECT_EQ(store.heads(), 0u);
  // A server that says that it cannot is believed, and the HEAD takes the condition's place.
  LyingStore refusing(make_memory_store("b"), Lie::refuses);
  ASSERT_TRUE(create(refusing, "f/m").ok());
  EXPECT_EQ(create(refusing, "f/m").status().code(), Code::already_exists);
}

TEST_F(ConditionsTest, StoresThatKeepConditionsAreNotProbed) {
  reset_stats();
  const auto store = with_metrics(make_memory_store("a"));
  ASSERT_TRUE(create(*store, "f/m").ok());
  EXPECT_EQ(create(*store, "f/m").status().code(), Code::already_exists);
  EXPECT_EQ(stats().put_requests, 2u);
  EXPECT_EQ(stats().head_requests, 0u);
  EXPECT_FALSE(fs::exists(config_.cache_directory));
  EXPECT_EQ(probe_now(*store, "", config_).verdict, Conditions::honoured);
  EXPECT_EQ(stats().put_requests, 2u);
}

TEST_F(ConditionsTest, TheProbeIsNotCounted) {
  reset_stats();
  const auto store = with_metrics(std::make_shared<LyingStore>(make_memory_store("a"), Lie::races));
  ASSERT_TRUE(create(*store, "f/m").ok());
  EXPECT_EQ(stats().put_requests, 1u);
  EXPECT_EQ(stats().head_requests, 1u);  // the check that takes the condition's place
  EXPECT_EQ(stats().remove_requests, 0u);
  EXPECT_EQ(stats().errors, 0u);
}

TEST_F(ConditionsTest, AServerThatIsAwayIsAskedOnce) {
  const auto faulty = std::make_shared<test::FaultStore>(make_memory_store("a"));
  faulty->set_fails([](test::Verb, std::size_t, const std::string&) { return true; });
  const auto reply = create(*faulty, "f/.arraymorph/metadata.h5");
  EXPECT_EQ(reply.status().code(), Code::unavailable);
  EXPECT_NE(reply.status().message().find("f/.arraymorph/metadata.h5"), std::string::npos);
  EXPECT_EQ(faulty->count(test::Verb::put), 1u);
  EXPECT_FALSE(fs::exists(config_.cache_directory));
}

// The probe fails half-way: nothing is known, the PUT goes on with its condition, nothing stays.
TEST_F(ConditionsTest, WithoutAVerdictTheConditionIsSent) {
  const auto faulty = std::make_shared<test::FaultStore>(make_memory_store("a"));
  faulty->set_fails(
      [](test::Verb verb, std::size_t, const std::string&) { return verb == test::Verb::get; });
  ASSERT_TRUE(create(*faulty, "f/m").ok());
  EXPECT_EQ(create(*faulty, "f/m").status().code(), Code::already_exists);
  EXPECT_EQ(list_all(*faulty, "")->size(), 1u);
  EXPECT_FALSE(fs::exists(config_.cache_directory));
}

// A probe would keep the program from ending.
TEST_F(ConditionsTest, AtExitTheHeadWillDo) {
  LyingStore store(make_memory_store("a"), Lie::ignores);
  const auto check = [&] {
    return create(store, "f/m").ok() &&
           create(store, "f/m").status().code() == Code::already_exists && store.puts() == 1 &&
           store.heads() == 2;
  };
  const int status = test::in_child([&] {
    set_shutdown_flush([&](bool) -> Status { ::_exit(check() ? 0 : 2); });
    return shutdown_runtime(/*last=*/true).ok() && false;
  });
  EXPECT_EQ(status, 0);
}

TEST_F(ConditionsTest, VerdictFilesAreReadWithCare) {
  const std::string& directory = config_.cache_directory;
  EXPECT_FALSE(load_verdict(directory, "server"));
  save_verdict(directory, "server", report(Conditions::racy));
  ASSERT_TRUE(load_verdict(directory, "server"));
  EXPECT_EQ(load_verdict(directory, "server")->verdict, Conditions::racy);
  EXPECT_EQ(load_verdict(directory, "server")->words, "seen");
  EXPECT_FALSE(load_verdict(directory, "another server"));
  EXPECT_FALSE(load_verdict("", "server"));

  const fs::path file = only_file();
  const auto with = [&](const std::string& content) {
    std::ofstream(file, std::ios::trunc) << content;
    return load_verdict(directory, "server").has_value();
  };
  const auto content = [](std::int64_t time, const char* probe, const char* verdict) {
    return std::string(R"({"probe":)") + probe + R"(,"server":"server","time":)" +
           std::to_string(time) + R"(,"verdict":")" + verdict + R"(","words":"seen"})";
  };
  const std::int64_t now = std::time(nullptr);
  const std::int64_t day = 24 * 3600;
  EXPECT_TRUE(with(content(now, "1", "honoured")));
  EXPECT_TRUE(with(content(now - 29 * day, "1", "honoured")));
  EXPECT_FALSE(with(content(now - 31 * day, "1", "honoured")));
  EXPECT_FALSE(with(content(now + day, "1", "honoured")));
  EXPECT_FALSE(with(content(now, "2", "honoured")));
  EXPECT_FALSE(with(content(now, "\"1\"", "honoured")));
  EXPECT_FALSE(with(content(now, "1", "unknown")));
  EXPECT_FALSE(with(content(now, "1", "marvellous")));
  EXPECT_FALSE(with(""));
  EXPECT_FALSE(with("{"));
  EXPECT_FALSE(with("[1]"));
  EXPECT_FALSE(with(R"({"probe":1,"server":["server"],"time":{}})"));
}

TEST_F(ConditionsTest, AVerdictThatCannotBeKeptIsNoError) {
  const std::string blocker = directory_;
  std::ofstream(blocker) << "a file where the directory should be";
  save_verdict(config_.cache_directory, "server", report(Conditions::racy));
  EXPECT_FALSE(load_verdict(config_.cache_directory, "server"));
  LyingStore store(make_memory_store("a"), Lie::ignores);
  EXPECT_TRUE(create(store, "f/m").ok());
}

}  // namespace
}  // namespace arraymorph::store
