#include "store/empty_folders.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "store/memory/memory_store.h"
#include "support/fault_store.h"

namespace arraymorph::store {
namespace {

using test::FaultStore;
using test::Verb;
using Names = std::set<std::string>;

bool is_chunk(std::string_view name) { return name.starts_with("c/"); }

class EmptyFoldersTest : public testing::Test {
 protected:
  void put_some(const std::string& folder, int count) {
    for (int i = 0; i < count; ++i) {
      const std::string key = folder + "c/" + std::to_string(i);
      ASSERT_TRUE(put(*store_, {key, std::make_shared<const Buffer>(1), {}, false}).ok());
    }
  }
  Names keys() const {
    Names names;
    const auto objects = list_all(*store_, "");
    for (const ObjectInfo& object : *objects) names.insert(object.key);
    return names;
  }
  // How many LISTs it takes.
  std::size_t empty(Names folders) {
    store_->reset_counts();
    const Status status = empty_folders(*store_, "f/", folders, is_chunk);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(folders, Names());
    return store_->count(Verb::list);
  }

  std::shared_ptr<FaultStore> store_ = std::make_shared<FaultStore>(make_memory_store("folders"));
};

TEST_F(EmptyFoldersTest, FoldersCloseToEachOtherShareAListing) {
  Names folders;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "f/layer" + std::to_string(i) + "/w";
    put_some(name + "~old/", 2);
    put_some(name + "~new/", 1);
    folders.insert(name + "~old/");
  }
  put_some("f/a", 1);
  put_some("g/", 1);
  EXPECT_EQ(empty(folders), 1u);
  EXPECT_EQ(keys().size(), 102u);
  EXPECT_EQ(empty(folders), 1u);  // there is nothing
}

TEST_F(EmptyFoldersTest, NeverMoreListingsThanForEachAlone) {
  put_some("f/a/", 2500);
  put_some("f/b/", 3);
  put_some("f/c/", 2500);
  put_some("f/d/", 1);
  put_some("f/e/", 2500);
  put_some("f/f/", 1);
  EXPECT_LE(empty({"f/b/", "f/d/", "f/f/"}), 3u);
  EXPECT_EQ(keys().size(), 7500u);
  EXPECT_LE(empty({"f/a/", "f/c/"}), 6u);
  EXPECT_EQ(keys().size(), 2500u);
}

TEST_F(EmptyFoldersTest, NamesThatBeginAlikeAreOthers) {
  for (const char* folder : {"f/a/", "f/a-b/", "f/a~1/", "f/a/b/", "f/b/"}) put_some(folder, 2);
  EXPECT_EQ(empty({"f/a-b/", "f/a~1/"}), 1u);
  EXPECT_EQ(keys(), (Names{"f/a/c/0", "f/a/c/1", "f/a/b/c/0", "f/a/b/c/1", "f/b/c/0", "f/b/c/1"}));
}

TEST_F(EmptyFoldersTest, OtherObjectsStay) {
  put_some("f/a/", 2);
  put_some("f/a/b/", 2);
  EXPECT_EQ(empty({"f/a/"}), 1u);
  EXPECT_EQ(keys(), (Names{"f/a/b/c/0", "f/a/b/c/1"}));
}

TEST_F(EmptyFoldersTest, WhatFailsIsLeftToTryAgain) {
  put_some("f/a/", 1001);
  put_some("f/b/", 1);
  store_->set_fails([](Verb verb, std::size_t nth, const std::string&) {
    return verb == Verb::remove && nth == 1;
  });
  Names folders{"f/a/", "f/b/", "f/c/"};
  EXPECT_EQ(empty_folders(*store_, "f/", folders, is_chunk).code(), Code::unavailable);
  EXPECT_EQ(folders, (Names{"f/a/", "f/b/", "f/c/"}));
  store_->set_fails(nullptr);
  EXPECT_TRUE(empty_folders(*store_, "f/", folders, is_chunk).ok());
  EXPECT_EQ(folders, Names());
  EXPECT_EQ(keys(), Names());
}

TEST_F(EmptyFoldersTest, RandomFolders) {
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    Names gone;
    Names kept;
    for (int i = 0; i < 12; ++i) {
      const std::string folder = "f/" + std::to_string(random() % 100) + "~x/";
      if (gone.contains(folder) || kept.contains(folder)) continue;
      (random() % 2 == 0 ? gone : kept).insert(folder);
      put_some(folder, static_cast<int>(random() % 400));
    }
    Names expected = keys();
    std::erase_if(expected, [&](const std::string& key) {
      return std::any_of(gone.begin(), gone.end(),
                         [&](const std::string& folder) { return key.starts_with(folder); });
    });
    EXPECT_LE(empty(gone), std::max<std::size_t>(gone.size(), 1));
    EXPECT_EQ(keys(), expected);
  }
}

}  // namespace
}  // namespace arraymorph::store
