#include "store/locate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace arraymorph::store {
namespace {

Config on_s3() {
  Config config;
  config.platform = Platform::s3;
  config.bucket = "b";
  return config;
}

Config on_disk(std::string root = "/data/root") {
  Config config;
  config.platform = Platform::local;
  config.root = std::move(root);
  return config;
}

std::string url(std::string_view name, const Config& config = {}) {
  const auto found = locate(name, config);
  if (!found.ok()) return "error: " + found.status().message();
  return found->has_value() ? (*found)->url() : "native";
}

TEST(LocateTest, PlainNamesFollowThePlatform) {
  EXPECT_EQ(url("run42.h5"), "native");
  EXPECT_EQ(url("/tmp/run42.h5"), "native");
  EXPECT_EQ(url("run42.h5", on_s3()), "s3://b/run42.h5");
  EXPECT_EQ(url("/a//./b/run42.h5", on_s3()), "s3://b/a/b/run42.h5");
  EXPECT_EQ(url("a/x.h5", on_disk()), "file:///data/root/a/x.h5");
  EXPECT_EQ(url("/a/x.h5", on_disk()), "file:///data/root/a/x.h5");
  Config memory;
  memory.platform = Platform::memory;
  EXPECT_EQ(url("x.h5", memory), "memory://default/x.h5");
}

TEST(LocateTest, TemporaryFilesStayLocal) {
  const std::string here = std::filesystem::temp_directory_path() / "locate_test";
  std::filesystem::create_directories(here);
  const std::string existing = here + "/pytables-x.tmp";
  std::ofstream(existing) << "";
  Config config = on_s3();
  EXPECT_EQ(url(existing, config), "native");
  EXPECT_EQ(url(here + "/none.tmp", config), "s3://b" + here + "/none.tmp");
  EXPECT_EQ(url(here + "/x.h5", config), "s3://b" + here + "/x.h5");
  EXPECT_EQ(url("file://" + existing, config), "file://" + existing);
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(here);
  EXPECT_EQ(url("pytables-x.tmp", config), "s3://b/pytables-x.tmp");
  config.temporary_directory = here;
  EXPECT_EQ(url(here + "/a/x.h5", config), "native");
  EXPECT_EQ(url(here + "s/x.h5", config), "s3://b" + here + "s/x.h5");
  EXPECT_EQ(locate(here + "/../x.h5", config).status().code(), Code::invalid_argument);
  EXPECT_EQ(url(here + "/a/x.h5"), "native");
  std::filesystem::current_path(before);
  std::filesystem::remove_all(here);
}

TEST(LocateTest, UrlsWorkOnAnyPlatform) {
  EXPECT_EQ(url("s3://bucket/a/b.h5"), "s3://bucket/a/b.h5");
  EXPECT_EQ(url("S3://bucket//a/./b.h5"), "s3://bucket/a/b.h5");
  EXPECT_EQ(url("file:///tmp/x.h5", on_s3()), "file:///tmp/x.h5");
  EXPECT_EQ(url("file://localhost/tmp/x.h5"), "file:///tmp/x.h5");
  EXPECT_EQ(url("file:///x.h5"), "file:///x.h5");
  EXPECT_EQ(url("memory://m/a/x"), "memory://m/a/x");
  EXPECT_EQ(url("s3://b/with%20percent and space"), "s3://b/with%20percent and space");
}

TEST(LocateTest, WebNamesKeepTheirQuery) {
  const Location found = **locate("HTTPS://host:1/a//b.h5?sig=%2F", on_s3());
  EXPECT_EQ(found.kind, Location::Kind::http);
  EXPECT_EQ(found.container, "https://host:1");
  EXPECT_EQ(found.key, "a//b.h5?sig=%2F");
  EXPECT_EQ(found.identity(), "https://host:1/a//b.h5?sig=%2F");
  EXPECT_EQ(found.url(), "https://host:1/a//b.h5?***");
  EXPECT_EQ(url("http://host/x.h5"), "http://host/x.h5");
  EXPECT_NE(url("https://me:secret@host/x.h5").find("error: 'https://***@host/x.h5'"),
            std::string::npos);
}

TEST(LocateTest, LocalFilesUnderTheRootShareItsStore) {
  const auto container = [](std::string_view name, const Config& config) {
    const Location found = **locate(name, config);
    return found.container + " + " + found.key;
  };
  EXPECT_EQ(container("file:///data/root/a/x.h5", on_disk()), "/data/root + a/x.h5");
  EXPECT_EQ(container("a/x.h5", on_disk()), "/data/root + a/x.h5");
  EXPECT_EQ(container("file:///data/rootless/x.h5", on_disk()), "/data/rootless + x.h5");
  EXPECT_EQ(container("file:///x.h5", on_disk()), "/ + x.h5");
  EXPECT_EQ(container("a/x.h5", on_disk("/")), "/a + x.h5");
  EXPECT_EQ(container("file:///a/x.h5", on_disk("/")), "/a + x.h5");
}

TEST(LocateTest, RefusesNamesThatCannotWork) {
  const Config s3 = on_s3();
  for (const std::string& name :
       {std::string(""), std::string("/"), std::string("../x.h5"), std::string("a/../x.h5"),
        std::string("a/.."), std::string("dir/"), std::string("a\0b", 3), std::string("s3://b"),
        std::string("s3://b/"), std::string("s3:///key"), std::string("file://relative/x.h5"),
        std::string("file://"), std::string("file:///"), std::string("file:///a/../b"),
        std::string("memory://x")}) {
    EXPECT_EQ(locate(name, s3).status().code(), Code::invalid_argument) << name;
  }
  EXPECT_NE(url("file://relative/x.h5").find("file:///"), std::string::npos);
}

TEST(LocateTest, APlatformNeedsItsBucketOrDirectory) {
  Config s3;
  s3.platform = Platform::s3;
  EXPECT_NE(url("x.h5", s3).find("BUCKET_NAME"), std::string::npos);
  EXPECT_EQ(url("s3://b/x.h5", s3), "s3://b/x.h5");
  EXPECT_NE(url("x.h5", on_disk("")).find("ARRAYMORPH_ROOT"), std::string::npos);
}

}  // namespace
}  // namespace arraymorph::store
