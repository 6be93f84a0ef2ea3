// Where files lead: what names in them mean, and what lies outside of their own store.
#include "store/reach.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace arraymorph::store {
namespace {

Location place(std::string_view url, const Config& config = {}) {
  const auto found = locate(url, config);
  EXPECT_TRUE(found.ok() && *found) << url;
  return **found;
}

/// The URLs that `name` means in the file `file`; "~" in front: the name does not say so.
std::string means(std::string_view name, std::string_view file, const Config& config = {}) {
  const Location location = place(file, config);
  const auto found = meanings(name, {location, file, "/work"}, config);
  if (!found.ok()) return "error";
  std::string text;
  for (const Meaning& meaning : *found) {
    text.append(text.empty() ? "" : " ").append(meaning.stated ? "" : "~");
    text += meaning.location.url();
  }
  return text;
}

Config on_s3(std::string bucket = "b") {
  Config config;
  config.platform = Platform::s3;
  config.bucket = std::move(bucket);
  return config;
}

bool reaches(std::string_view from, std::string_view to, const Config& config = {}) {
  return may_reach(place(from, config), place(to, config), config).ok();
}

Config allowing(std::vector<std::string> prefixes) {
  Config config;
  config.allow_links = std::move(prefixes);
  return config;
}

TEST(ReachTest, RelativeNamesStartAtTheFolderOfTheFile) {
  EXPECT_EQ(means("t.h5", "s3://b/d/m.h5"), "s3://b/d/t.h5 ~file:///work/t.h5");
  EXPECT_EQ(means("sub/./t.h5", "s3://b/m.h5"), "s3://b/sub/t.h5 ~file:///work/sub/t.h5");
  EXPECT_EQ(means("../t.h5", "file:///data/d/m.h5"), "file:///data/t.h5 ~file:///t.h5");
  EXPECT_EQ(means("t.h5", "https://h/d/m.h5?sig=a/b"), "https://h/d/t.h5 ~file:///work/t.h5");
  EXPECT_EQ(means("t.h5", "s3://b/d/m.h5", on_s3()), "s3://b/d/t.h5 ~s3://b/t.h5");
  EXPECT_EQ(means("${ORIGIN}/sub/t.h5", "s3://b/d/m.h5"), "s3://b/d/sub/t.h5");
  EXPECT_EQ(means("${ORIGIN}/../t.h5", "https://h/d/m.h5"), "https://h/t.h5");
}

TEST(ReachTest, CandidatesOfHdf5AreTakenApart) {
  EXPECT_EQ(means("/work/s3://b/d/t.h5", "s3://b/d/m.h5"), "s3://b/d/t.h5");
  EXPECT_EQ(means("/work/s3://b/d/S3://other/t.h5", "s3://b/d/m.h5"), "s3://other/t.h5");
  const Location file = place("d/m.h5", on_s3());
  const auto found = meanings("/work/d/t.h5", {file, "d/m.h5", "/work"}, on_s3());
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), 1U);  // not also d/d/t.h5
  EXPECT_EQ(found->front().location.url(), "s3://b/d/t.h5");
}

TEST(ReachTest, AbsolutePathsAreLocalWithoutAPlatform) {
  EXPECT_EQ(means("/etc/passwd", "s3://b/m.h5"), "file:///etc/passwd");
  EXPECT_EQ(means("/etc/../root/x", "https://h/m.h5"), "file:///root/x");
  EXPECT_EQ(means("/etc/passwd", "s3://b/m.h5", on_s3()), "s3://b/etc/passwd");
}

TEST(ReachTest, TemporaryFilesAreLocalWithAPlatformToo) {
  Config config = on_s3();
  config.temporary_directory = "/tmp";
  EXPECT_EQ(means("/tmp/x.h5", "s3://b/m.h5", config), "file:///tmp/x.h5");
  EXPECT_EQ(means("/elsewhere/x.h5", "s3://b/m.h5", config), "s3://b/elsewhere/x.h5");
}

TEST(ReachTest, WhatIsNoNameIsAnError) {
  EXPECT_EQ(means("", "s3://b/m.h5"), "error");
  EXPECT_EQ(means("s3://b/../../x", "s3://b/m.h5"), "error");
  EXPECT_EQ(means("file://relative", "s3://b/m.h5"), "error");
}

TEST(ReachTest, AFileReachesItsOwnStore) {
  EXPECT_TRUE(reaches("s3://b/d/m.h5", "s3://b/x/t.h5"));
  EXPECT_FALSE(reaches("s3://b/m.h5", "s3://b2/t.h5"));
  EXPECT_FALSE(reaches("s3://b/m.h5", "https://b.example.org/t.h5"));
  EXPECT_FALSE(reaches("s3://b/m.h5", "file:///etc/passwd"));
  EXPECT_TRUE(reaches("https://h/d/m.h5", "https://H:443/t.h5"));
  EXPECT_FALSE(reaches("https://h/m.h5", "https://h:8443/t.h5"));
  EXPECT_FALSE(reaches("https://h/m.h5", "http://h/t.h5"));
  EXPECT_FALSE(reaches("https://h/m.h5", "https://h.evil.org/t.h5"));
  EXPECT_FALSE(reaches("https://h/m.h5", "s3://b/t.h5"));
  EXPECT_TRUE(reaches("memory://a/m.h5", "memory://a/t.h5"));
  EXPECT_FALSE(reaches("memory://a/m.h5", "memory://c/t.h5"));
}

TEST(ReachTest, ADirectoryTreeIsAStore) {
  EXPECT_TRUE(reaches("file:///no/d/m.h5", "file:///no/d/sub/t.h5"));
  EXPECT_FALSE(reaches("file:///no/d/m.h5", "file:///no/t.h5"));
  EXPECT_FALSE(reaches("file:///no/d/m.h5", "file:///no/d2/t.h5"));
  Config config;
  config.root = "/no";
  EXPECT_TRUE(reaches("file:///no/d/m.h5", "file:///no/t.h5", config));
  EXPECT_FALSE(reaches("file:///no/d/m.h5", "file:///nothing/t.h5", config));
  EXPECT_TRUE(reaches("file:///m.h5", "file:///t.h5"));
  EXPECT_FALSE(reaches("file:///m.h5", "file:///etc/passwd"));
}

TEST(ReachTest, SymbolicLinksAreFollowedFirst) {
  const std::string base = testing::TempDir() + "reach" + std::to_string(getpid());
  std::filesystem::create_directories(base + "/real/inside");
  std::filesystem::create_directories(base + "/outside");
  std::filesystem::create_directory_symlink(base + "/real", base + "/alias");
  std::filesystem::create_directory_symlink(base + "/outside", base + "/real/out");
  const std::string file = "file://" + base + "/real/m.h5";
  EXPECT_FALSE(reaches(file, "file://" + base + "/real/out/t.h5"));
  EXPECT_TRUE(reaches(file, "file://" + base + "/alias/inside/t.h5"));
  EXPECT_TRUE(reaches("file://" + base + "/alias/m.h5", "file://" + base + "/real/t.h5"));
  const Config config = allowing({"file://" + base + "/alias/"});
  EXPECT_TRUE(may_touch(place("s3://b/m.h5"), base + "/real/raw", config).ok());
  EXPECT_FALSE(may_touch(place("s3://b/m.h5"), base + "/real/out/raw", config).ok());
  std::filesystem::remove_all(base);
}

TEST(ReachTest, PrefixesAllowMore) {
  const Config config = allowing(
      {"s3://other", "s3://lab/public/", "https://Data.example.org/a/", "file:///no/data"});
  EXPECT_TRUE(reaches("s3://b/m.h5", "s3://other/x/t.h5", config));
  EXPECT_FALSE(reaches("s3://b/m.h5", "s3://other2/t.h5", config));
  EXPECT_TRUE(reaches("s3://b/m.h5", "s3://lab/public/t.h5", config));
  EXPECT_FALSE(reaches("s3://b/m.h5", "s3://lab/publicity/t.h5", config));
  EXPECT_FALSE(reaches("s3://b/m.h5", "s3://lab/t.h5", config));
  EXPECT_TRUE(reaches("s3://b/m.h5", "https://data.example.org/a/t.h5?q=1", config));
  EXPECT_FALSE(reaches("s3://b/m.h5", "https://data.example.org/t.h5", config));
  EXPECT_FALSE(reaches("s3://b/m.h5", "https://data.example.org.evil.org/a/t.h5", config));
  EXPECT_TRUE(reaches("https://h/m.h5", "file:///no/data/t.h5", config));
  EXPECT_FALSE(reaches("https://h/m.h5", "file:///no/database/t.h5", config));
  EXPECT_TRUE(reaches("https://h/m.h5", "s3://any/t.h5", allowing({"s3://"})));
  EXPECT_TRUE(reaches("s3://b/m.h5", "https://any/t.h5", allowing({"https://"})));
  EXPECT_TRUE(reaches("s3://b/m.h5", "file:///etc/passwd", allowing({"file:///"})));
}

TEST(ReachTest, PercentSignsDoNotLeadOutOfAPrefix) {
  const Config config = allowing({"https://h/public/"});
  EXPECT_TRUE(reaches("s3://b/m.h5", "https://h/public/a%20b.h5", config));
  EXPECT_FALSE(reaches("s3://b/m.h5", "https://h/public/%2e%2e/secret.h5", config));
  EXPECT_FALSE(reaches("s3://b/m.h5", "https://h/public/..%2fsecret.h5", config));
  EXPECT_FALSE(reaches("s3://b/m.h5", "https://h/public/../secret.h5", config));
}

TEST(ReachTest, RawDataOfStoredFilesIsNeverLocalByItself) {
  EXPECT_FALSE(may_touch(place("file:///no/d/m.h5"), "/no/d/raw", {}).ok());
  EXPECT_TRUE(may_touch(place("file:///no/d/m.h5"), "/no/d/raw", allowing({"file:///no/d/"})).ok());
  EXPECT_FALSE(may_touch(place("s3://b/m.h5"), "/no/d/../raw", allowing({"file:///no/d/"})).ok());
}

TEST(ReachTest, ARefusalSaysWhatWouldAllowIt) {
  const Status status = may_reach(place("https://h/m.h5?secret=1"), place("s3://o/d/t.h5"), {});
  EXPECT_EQ(status.code(), Code::permission_denied);
  EXPECT_EQ(status.message(),
            "https://h/m.h5?*** leads to s3://o/d/t.h5, which lies outside of its own store "
            "(https://h/); ARRAYMORPH_ALLOW_LINKS=s3://o/d/ allows it");
}

}  // namespace
}  // namespace arraymorph::store
