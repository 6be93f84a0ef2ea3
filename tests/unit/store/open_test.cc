#include "store/open.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "runtime/stats.h"

namespace arraymorph::store {
namespace {

std::shared_ptr<ObjectStore> open(Location::Kind kind, const std::string& container,
                                  const Config& config = {}) {
  auto store = open_store({kind, container, "x.h5"}, config);
  EXPECT_TRUE(store.ok()) << store.status().message();
  return store.ok() ? *store : nullptr;
}

TEST(OpenStoreTest, SharesStoresByIdentity) {
  const auto first = open(Location::Kind::memory, "one");
  EXPECT_EQ(first, open(Location::Kind::memory, "one"));
  EXPECT_NE(first, open(Location::Kind::memory, "two"));
  EXPECT_EQ(first->url(), "memory://one");
  EXPECT_EQ(open(Location::Kind::local, "/tmp")->url(), "file:///tmp");
  Config config;
  config.s3.endpoint = "http://127.0.0.1:1";
  const auto s3 = open(Location::Kind::s3, "b", config);
  EXPECT_EQ(s3->url(), "s3://b");
  EXPECT_EQ(s3, open(Location::Kind::s3, "b", config));
  config.s3.endpoint = "http://127.0.0.1:2";
  EXPECT_NE(s3, open(Location::Kind::s3, "b", config));
}

// Keys that are renewed every hour make a store each.
TEST(OpenStoreTest, KeepsFewOfTheStoresThatNobodyHasOpen) {
  const auto used = open(Location::Kind::local, "/tmp/used");
  const auto in_memory = [] { return open(Location::Kind::memory, "kept"); };
  ASSERT_TRUE(put(*in_memory(), {"a", std::make_shared<const Buffer>(10), {}, false}).ok());
  std::vector<std::weak_ptr<ObjectStore>> opened;
  for (int i = 0; i < 40; ++i) {
    const auto store = open(Location::Kind::local, "/tmp/" + std::to_string(i));
    opened.push_back(store);
    EXPECT_EQ(store, open(Location::Kind::local, "/tmp/" + std::to_string(i)));
  }
  const auto alive = [](const auto& store) { return !store.expired(); };
  const auto kept = std::count_if(opened.begin(), opened.end(), alive);
  EXPECT_GE(kept, 8);
  EXPECT_LE(kept, 17);  // the one opened last was in use
  EXPECT_TRUE(std::all_of(opened.end() - 8, opened.end(), alive));  // the newest
  EXPECT_EQ(used, open(Location::Kind::local, "/tmp/used"));
  EXPECT_TRUE(get(*in_memory(), {"a", {}, {}}).ok());
}

TEST(OpenStoreTest, RefusesSettingsThatContradict) {
  Config config;
  config.s3.endpoint = "localhost:9000";
  const auto store = open_store({Location::Kind::s3, "b", "x.h5"}, config);
  EXPECT_EQ(store.status().code(), Code::invalid_argument);
}

TEST(OpenStoreTest, CountsRequests) {
  const auto store = open(Location::Kind::memory, "counted");
  reset_stats();
  ASSERT_TRUE(put(*store, {"a", std::make_shared<const Buffer>(10), {}, false}).ok());
  ASSERT_TRUE(get(*store, {"a", {}, {}}).ok());
  EXPECT_FALSE(get(*store, {"missing", {}, {}}).ok());
  EXPECT_FALSE(get(*store, {"..", {}, {}}).ok());
  EXPECT_TRUE(remove(*store, {"a", "b"}).ok());
  EXPECT_EQ(stats().put_requests, 1u);
  EXPECT_EQ(stats().bytes_written, 10u);
  EXPECT_EQ(stats().get_requests, 3u);
  EXPECT_EQ(stats().bytes_read, 10u);
  EXPECT_EQ(stats().remove_requests, 2u);
  EXPECT_EQ(stats().errors, 1u);
}

}  // namespace
}  // namespace arraymorph::store
