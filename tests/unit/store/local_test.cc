// What the local store promises beyond the common contract.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "store/local/files.h"
#include "store/local/local_store.h"
#include "support/bytes.h"

namespace arraymorph::store {
namespace {

using test::bytes;

namespace fs = std::filesystem;

class LocalStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    base_ = fs::path(testing::TempDir()) / ("arraymorph-local-" + std::to_string(::getpid()));
    fs::create_directories(base_);
    root_ = base_ / "root";
    store_ = make_local_store(root_.string());
  }
  void TearDown() override { fs::remove_all(base_); }

  Status put_text(const std::string& key, std::string_view text, PutCondition condition = {}) {
    return put(*store_, {key, bytes(text), std::move(condition), false}).status();
  }

  fs::path base_;
  fs::path root_;
  std::shared_ptr<ObjectStore> store_;
};

TEST_F(LocalStoreTest, CreatesTheRootWithTheFirstObject) {
  EXPECT_FALSE(fs::exists(root_));
  EXPECT_TRUE(list_all(*store_, "")->empty());
  EXPECT_EQ(get(*store_, {"a", {}, {}}).status().code(), Code::not_found);
  ASSERT_TRUE(put_text("a/b", "x").ok());
  EXPECT_TRUE(fs::is_regular_file(root_ / "a/b"));
}

TEST_F(LocalStoreTest, RemovePrunesEmptyDirectoriesButNotTheRoot) {
  ASSERT_TRUE(put_text("x.h5/ds/c/0/0", "1").ok());
  ASSERT_TRUE(put_text("x.h5/ds/c/0/1", "2").ok());
  ASSERT_TRUE(remove(*store_, {"x.h5/ds/c/0/0"}).ok());
  EXPECT_TRUE(fs::exists(root_ / "x.h5/ds/c/0"));
  ASSERT_TRUE(remove(*store_, {"x.h5/ds/c/0/1"}).ok());
  EXPECT_FALSE(fs::exists(root_ / "x.h5"));
  EXPECT_TRUE(fs::exists(root_));
}

TEST_F(LocalStoreTest, PutAndPruneDoNotDisturbEachOther) {
  const auto work = [&](const std::string& key) {
    for (int i = 0; i < 300; ++i) {
      const Status stored = put_text(key, "x");
      ASSERT_TRUE(stored.ok()) << stored.message();
      ASSERT_TRUE(remove(*store_, {key}).ok());
    }
  };
  std::thread other([&] { work("a/b/c/1"); });
  work("a/b/c/2");
  other.join();
  EXPECT_TRUE(fs::is_empty(root_));
}

TEST_F(LocalStoreTest, LinksThatLeaveTheRootAreRefused) {
  ASSERT_TRUE(put_text("inside/a", "x").ok());
  fs::create_directories(base_ / "outside");
  std::ofstream(base_ / "outside/secret") << "secret";
  fs::create_directory_symlink(base_ / "outside", root_ / "out");
  fs::create_symlink(base_ / "outside/secret", root_ / "file");
  fs::create_directory_symlink("inside", root_ / "in");
  EXPECT_EQ(get(*store_, {"out/secret", {}, {}}).status().code(), Code::permission_denied);
  EXPECT_EQ(get(*store_, {"file", {}, {}}).status().code(), Code::permission_denied);
  EXPECT_EQ(put_text("out/new", "x").code(), Code::permission_denied);
  EXPECT_EQ(remove(*store_, {"out/secret"}).code(), Code::permission_denied);
  EXPECT_TRUE(fs::exists(base_ / "outside/secret"));
  EXPECT_FALSE(fs::exists(base_ / "outside/new"));
  EXPECT_TRUE(get(*store_, {"in/a", {}, {}}).ok());
}

TEST_F(LocalStoreTest, FilesAndDirectoriesDoNotMix) {
  ASSERT_TRUE(put_text("a", "file").ok());
  EXPECT_EQ(get(*store_, {"a/b", {}, {}}).status().code(), Code::not_found);
  EXPECT_TRUE(remove(*store_, {"a/b"}).ok());
  EXPECT_EQ(put_text("a/b", "x").code(), Code::invalid_argument);
  ASSERT_TRUE(put_text("d/e", "x").ok());
  EXPECT_EQ(put_text("d", "x").code(), Code::invalid_argument);
  EXPECT_TRUE(remove(*store_, {"d"}).ok());
  EXPECT_TRUE(get(*store_, {"d/e", {}, {}}).ok());
}

TEST_F(LocalStoreTest, TemporaryFilesAreNotObjects) {
  ASSERT_TRUE(put_text("a", "x").ok());
  const std::string temporary = std::string(local::kTemporaryPrefix) + "1-1";
  std::ofstream(root_ / temporary) << "left over";
  EXPECT_EQ(list_all(*store_, "")->size(), 1u);
  EXPECT_EQ(get(*store_, {temporary, {}, {}}).status().code(), Code::invalid_argument);
}

TEST_F(LocalStoreTest, FailedPutsLeaveNothingBehind) {
  ASSERT_TRUE(put_text("a", "x").ok());
  EXPECT_EQ(put_text("a", "y", {PutCondition::Kind::if_absent, {}}).code(), Code::already_exists);
  EXPECT_EQ(put_text("a", "y", {PutCondition::Kind::if_match, "\"other\""}).code(), Code::conflict);
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 1);
}

TEST_F(LocalStoreTest, LongNamesAreInvalid) {
  EXPECT_EQ(put_text(std::string(300, 'x'), "x").code(), Code::invalid_argument);
}

TEST_F(LocalStoreTest, ReadOnlyDirectoriesArePermissionDenied) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  ASSERT_TRUE(put_text("a", "x").ok());
  fs::permissions(root_, fs::perms::owner_read | fs::perms::owner_exec);
  const Status status = put_text("b", "x");
  fs::permissions(root_, fs::perms::owner_all);
  EXPECT_EQ(status.code(), Code::permission_denied) << status.message();
}

// Of many processes that replace one version, exactly one may succeed.
TEST_F(LocalStoreTest, ConditionsHoldBetweenProcesses) {
  ASSERT_TRUE(put_text("commit", "0").ok());
  for (int round = 0; round < 20; ++round) {
    const std::string etag = head(*store_, "commit")->etag;
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i) {
      const pid_t child = ::fork();
      if (child == 0) {
        const Status first =
            put_text("commit", std::to_string(i), {PutCondition::Kind::if_match, etag});
        const Status second = put_text("new" + std::to_string(round), std::to_string(i),
                                       {PutCondition::Kind::if_absent, {}});
        ::_exit((first.ok() ? 1 : 0) + (second.ok() ? 16 : 0));
      }
      children.push_back(child);
    }
    int won = 0;
    for (const pid_t child : children) {
      int status = 0;
      ::waitpid(child, &status, 0);
      ASSERT_TRUE(WIFEXITED(status));
      won += WEXITSTATUS(status);
    }
    EXPECT_EQ(won, 1 + 16);
  }
}

}  // namespace
}  // namespace arraymorph::store
