// What others may have put into the directory of a local store: nothing there leads outside, keeps
// a call waiting, or passes for data.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "store/local/files.h"
#include "store/local/local_store.h"
#include "support/bytes.h"

namespace arraymorph::store {
namespace {

using test::bytes;
using test::text;

namespace fs = std::filesystem;

class LocalHostileTest : public testing::Test {
 protected:
  void SetUp() override {
    base_ = fs::path(testing::TempDir()) / ("arraymorph-hostile-" + std::to_string(::getpid()));
    fs::create_directories(base_ / "outside");
    write(base_ / "outside/secret", "secret");
    root_ = base_ / "root";
    fs::create_directories(root_);
    store_ = make_local_store(root_.string());
  }
  void TearDown() override { fs::remove_all(base_); }

  static void write(const fs::path& path, std::string_view what) { std::ofstream(path) << what; }

  static std::string read(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  Status put_text(const std::string& key, std::string_view what, PutCondition condition = {}) {
    return put(*store_, {key, bytes(what), std::move(condition), true}).status();
  }

  Code code_of_get(const std::string& key) { return get(*store_, {key, {}, {}}).status().code(); }

  std::string text_of(const std::string& key) {
    const auto reply = get(*store_, {key, {}, {}});
    return reply.ok() ? text(reply->body) : reply.status().message();
  }

  fs::path base_;
  fs::path root_;
  std::shared_ptr<ObjectStore> store_;
};

TEST_F(LocalHostileTest, LinksAtEveryLevelAreRefusedWhereTheyLeave) {
  for (const char* link : {"l", "a/l", "a/b/l"}) {
    fs::create_directories((root_ / link).parent_path());
    for (const fs::path& target :
         {base_ / "outside", fs::path("../outside"), fs::path("../../outside"),
          fs::path("../../../outside"), fs::path("/")}) {
      fs::create_directory_symlink(target, root_ / link);
      const std::string key = std::string(link) + "/secret";
      const Code code = code_of_get(key);
      EXPECT_TRUE(code == Code::permission_denied || code == Code::corrupt) << link << target;
      EXPECT_FALSE(put_text(key, "x").ok()) << link << target;
      EXPECT_FALSE(remove(*store_, {key}).ok()) << link << target;
      EXPECT_TRUE(list_all(*store_, "")->empty()) << link << target;
      fs::remove(root_ / link);
    }
  }
  EXPECT_EQ(read(base_ / "outside/secret"), "secret");
  EXPECT_EQ(std::distance(fs::directory_iterator(base_ / "outside"), {}), 1);
}

TEST_F(LocalHostileTest, LinksInsideAreFollowed) {
  ASSERT_TRUE(put_text("d/x", "1").ok());
  fs::create_directory_symlink(root_ / "d", root_ / "absolute");
  fs::create_directory_symlink("d", root_ / "relative");
  fs::create_symlink("relative/x", root_ / "file");
  EXPECT_EQ(text_of("absolute/x"), "1");
  EXPECT_EQ(text_of("file"), "1");
  EXPECT_TRUE(put_text("relative/y", "2").ok());
  EXPECT_EQ(text_of("d/y"), "2");
  // The link is replaced, not what it leads to.
  EXPECT_TRUE(put_text("file", "3").ok());
  EXPECT_EQ(text_of("file"), "3");
  EXPECT_EQ(text_of("d/x"), "1");
}

TEST_F(LocalHostileTest, ALinkThatLeadsNowhereIsNotAMissingObject) {
  fs::create_symlink("nowhere", root_ / "x");
  fs::create_symlink("loop", root_ / "loop");
  EXPECT_EQ(code_of_get("x"), Code::corrupt);
  EXPECT_EQ(head(*store_, "x").status().code(), Code::corrupt);
  EXPECT_EQ(code_of_get("loop"), Code::invalid_argument);
  EXPECT_EQ(put_text("x", "1", {PutCondition::Kind::if_absent, {}}).code(), Code::already_exists);
}

TEST_F(LocalHostileTest, TheRootMayBeALink) {
  fs::create_directory_symlink(root_, base_ / "link");
  const auto store = make_local_store((base_ / "link").string());
  ASSERT_TRUE(put(*store, {"a/b", bytes("1"), {}, true}).ok());
  EXPECT_EQ(text_of("a/b"), "1");
  fs::create_symlink("a/b", root_ / "c");
  EXPECT_TRUE(get(*store, {"c", {}, {}}).ok());
  fs::create_directory_symlink(base_ / "outside", root_ / "out");
  EXPECT_EQ(get(*store, {"out/secret", {}, {}}).status().code(), Code::permission_denied);
}

TEST_F(LocalHostileTest, NothingButRegularFilesIsData) {
  ASSERT_EQ(::mkfifo((root_ / "pipe").c_str(), 0600), 0);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (root_ / "socket").string();
  if (path.size() < sizeof address.sun_path) {
    path.copy(address.sun_path, path.size());
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(code_of_get("socket"), Code::invalid_argument);
  }
  EXPECT_EQ(code_of_get("pipe"), Code::corrupt);  // and does not wait for a writer
  EXPECT_EQ(head(*store_, "pipe").status().code(), Code::corrupt);
  fs::create_symlink("pipe", root_ / "link");
  EXPECT_EQ(code_of_get("link"), Code::corrupt);
  fs::create_symlink("/dev/zero", root_ / "device");
  EXPECT_EQ(code_of_get("device"), Code::permission_denied);
  EXPECT_TRUE(list_all(*store_, "")->empty());
  EXPECT_TRUE(put_text("pipe", "1").ok());
  EXPECT_EQ(text_of("pipe"), "1");
  ::close(fd);
}

TEST_F(LocalHostileTest, HardLinksKeepWhatTheyHave) {
  fs::create_hard_link(base_ / "outside/secret", root_ / "x");
  ASSERT_TRUE(put_text("x", "new").ok());
  ASSERT_TRUE(put_text("y", "1").ok());
  EXPECT_EQ(read(base_ / "outside/secret"), "secret");
  ASSERT_TRUE(remove(*store_, {"x"}).ok());
  EXPECT_EQ(read(base_ / "outside/secret"), "secret");
}

TEST_F(LocalHostileTest, KeysThatAreNoNamesAreRefused) {
  for (const std::string& key :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string(".."),
        std::string("a/../b"), std::string("./a"), std::string("a/."), std::string("a\0b", 3),
        std::string(256, 'x'), "a/" + std::string(256, 'x') + "/b",
        std::string(local::kTemporaryPrefix) + "1-1",
        "a/" + std::string(local::kTemporaryPrefix) + "d/b"}) {
    EXPECT_EQ(put_text(key, "x").code(), Code::invalid_argument) << key;
    EXPECT_FALSE(get(*store_, {key, {}, {}}).ok()) << key;
  }
  EXPECT_TRUE(list_all(*store_, "")->empty());
}

TEST_F(LocalHostileTest, KeysLongerThanAPathMayBe) {
  std::string key;
  for (int i = 0; i < 30; ++i) key += std::string(200, static_cast<char>('a' + i % 26)) + "/";
  key += "x";  // 6031 bytes; PATH_MAX is 4096
  ASSERT_TRUE(put_text(key, "deep").ok());
  EXPECT_EQ(text_of(key), "deep");
  ASSERT_TRUE(remove(*store_, {key}).ok());
  EXPECT_TRUE(fs::is_empty(root_));
}

// A few bytes on the disk that claim to be any number.
TEST_F(LocalHostileTest, SparseFilesTakeNoMemory) {
  const auto sparse = [&](const char* name, off_t size) {
    write(root_ / name, "x");
    return ::truncate((root_ / name).c_str(), size) == 0;
  };
  ASSERT_TRUE(sparse("x", off_t{1} << 40));
  GetRequest request{"x", {}, {}};
  request.expected = 1000;
  EXPECT_EQ(get(*store_, request).status().code(), Code::corrupt);
  Buffer into(10);
  EXPECT_EQ(get(*store_, {"x", {}, into.span()}).status().code(), Code::corrupt);
  EXPECT_EQ(get(*store_, {"x", {{5, 10}}, {}})->body.size(), 10u);
  if (sparse("y", off_t{1} << 52)) {  // more than the address space
    EXPECT_EQ(code_of_get("y"), Code::internal);
  }
}

// The same letter, composed and decomposed: names are bytes.
TEST_F(LocalHostileTest, NamesAreNotNormalised) {
  const std::string composed = "caf\xc3\xa9";
  const std::string decomposed = "cafe\xcc\x81";
  ASSERT_TRUE(put_text(composed, "1").ok());
  if (text_of(decomposed) == "1") GTEST_SKIP() << "this file system normalises names itself";
  EXPECT_EQ(code_of_get(decomposed), Code::not_found);
  ASSERT_TRUE(put_text(decomposed, "2").ok());
  ASSERT_TRUE(put_text("\xff\xfe", "3").ok());
  EXPECT_EQ(text_of(composed), "1");
  EXPECT_EQ(list_all(*store_, "")->size(), 3u);
}

// A directory that others exchange for a link, as fast as they can, never leads outside.
TEST_F(LocalHostileTest, LinksThatAppearMeanwhileLeadNowhere) {
  ASSERT_TRUE(put_text("d/secret", "inside").ok());
  fs::create_directory_symlink("d", root_ / "l");
  std::atomic<bool> stop{false};
  std::thread other([&] {
    const fs::path spare = root_ / "spare";
    while (!stop) {
      for (const fs::path& target : {base_ / "outside", fs::path("d")}) {
        fs::create_directory_symlink(target, spare);
        fs::rename(spare, root_ / "l");
      }
    }
  });
  int inside = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string found = text_of("l/secret");
    ASSERT_NE(found, "secret");
    inside += found == "inside" ? 1 : 0;
    static_cast<void>(put_text("l/new", "x"));
  }
  stop = true;
  other.join();
  EXPECT_GT(inside, 0);
  EXPECT_EQ(std::distance(fs::directory_iterator(base_ / "outside"), {}), 1);
}

}  // namespace
}  // namespace arraymorph::store
