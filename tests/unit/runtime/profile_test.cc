#include "runtime/config/profile.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/in_child.h"

namespace arraymorph::config {
namespace {

namespace fs = std::filesystem;

std::string wrong(std::string_view text) {
  const auto sections = parse_profiles(text, false);
  return sections.ok() ? "" : sections.status().message();
}

TEST(ProfileParserTest, SectionsSettingsAndWhatIsNested) {
  const auto read = parse_profiles(
      "\xEF\xBB\xBF# a comment\r\n; another\n\n[default]\r\nRegion = eu-west-1\r\n"
      "[profile  'my lab' ]  # the lab's\nendpoint_url=http://h:1 ; old\n"
      "s3 =\n  addressing_style = path\n  # nothing\n\tmax_queue_size=7\nregion=x#y\n"
      "[services both]\ns3=\n endpoint_url = http://s3\nec2 =\n endpoint_url = http://ec2\n"
      "[default]\noutput =\n long = 1\n",
      false);
  ASSERT_TRUE(read.ok()) << read.status().message();
  const Sections expected{
      {"profile default", {{"region", "eu-west-1"}, {"output", ""}, {"output.long", "1"}}},
      {"profile my lab",
       {{"endpoint_url", "http://h:1"},
        {"s3", ""},
        {"s3.addressing_style", "path"},
        {"s3.max_queue_size", "7"},
        {"region", "x#y"}}},
      {"services both",
       {{"s3", ""},
        {"s3.endpoint_url", "http://s3"},
        {"ec2", ""},
        {"ec2.endpoint_url", "http://ec2"}}},
  };
  EXPECT_EQ(*read, expected);
}

TEST(ProfileParserTest, CredentialsFilesHaveBareNames) {
  const auto read = parse_profiles("[lab]\nregion = a=b\nAWS_secret_access_key = hidden\n", true);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read,
            (Sections{{"profile lab", {{"region", "a=b"}, {"aws_secret_access_key", "(set)"}}}}));
}

TEST(ProfileParserTest, WhatIsBrokenIsToldByLine) {
  EXPECT_EQ(wrong("[default]\n\n[profile x\n"), "line 3: the section has no ']'");
  EXPECT_EQ(wrong("[default]\nregion\n"), "line 2: there is no '='");
  EXPECT_EQ(wrong("region = x\n"), "line 1: the setting stands before the first [section]");
  EXPECT_EQ(wrong("[default]\ns3 =\n  path\n"), "line 3: there is no '='");
  EXPECT_EQ(wrong("[default]\nx = a\n  goes on\n"), "");
  EXPECT_EQ(wrong(""), "");
}

class ProfileTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(home_ / ".aws");
    for (const char* name : {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}) ::unsetenv(name);
    if (const char* home = std::getenv("HOME")) before_ = home;
    ::setenv("HOME", home_.c_str(), 1);
  }
  void TearDown() override {
    ::setenv("HOME", before_.c_str(), 1);
    ::unsetenv("AWS_CONFIG_FILE");
    fs::remove_all(home_);
  }
  void write(const char* name, const std::string& text) const {
    std::ofstream(home_ / ".aws" / name) << text;
  }

  const fs::path home_ = fs::path(testing::TempDir()) / ("home-" + std::to_string(::getpid()));
  std::string before_;
};

TEST_F(ProfileTest, NothingIsThere) {
  const auto profile = read_profile("default");
  ASSERT_TRUE(profile.ok()) << profile.status().message();
  EXPECT_FALSE(profile->exists);
  EXPECT_EQ(profile->files, "~/.aws/config and ~/.aws/credentials");
}

TEST_F(ProfileTest, BothFilesCountAndServicesGoBefore) {
  write("config",
        "[profile lab]\nregion = eu-west-1\nendpoint_url = http://all\nservices = own\n"
        "ca_bundle = /lab.pem\ns3 =\n addressing_style = path\n"
        "[services own]\ns3 =\n endpoint_url = http://s3\n[profile other]\nendpoint_url = "
        "http://o\n");
  write("credentials", "[lab]\naws_access_key_id = a\naws_secret_access_key = s\n[only]\n");
  auto profile = read_profile("lab");
  ASSERT_TRUE(profile.ok()) << profile.status().message();
  EXPECT_TRUE(profile->exists);
  EXPECT_EQ(profile->endpoint.value, "http://s3");
  EXPECT_EQ(profile->endpoint.source, "services own in ~/.aws/config");
  EXPECT_EQ(profile->region.value, "eu-west-1");
  EXPECT_EQ(profile->region.source, "profile lab in ~/.aws/config");
  EXPECT_EQ(profile->addressing_style.value, "path");
  EXPECT_EQ(profile->ca_bundle.value, "/lab.pem");
  EXPECT_EQ(profile->credentials.value, "a key");
  EXPECT_EQ(profile->credentials.source, "profile lab in ~/.aws/credentials");
  EXPECT_EQ(profile->others, (std::vector<std::string>{"lab", "only", "other"}));
  profile = read_profile("other");
  EXPECT_EQ(profile->endpoint.value, "http://o");
  EXPECT_EQ(profile->credentials.value, "");
}

TEST_F(ProfileTest, FilesThatChangeAreReadAgain) {
  write("config", "[default]\nregion = one\n");
  EXPECT_EQ(read_profile("default")->region.value, "one");
  write("config", "[default]\nregion = second\n");
  EXPECT_EQ(read_profile("default")->region.value, "second");
  fs::remove(home_ / ".aws" / "config");
  EXPECT_EQ(read_profile("default")->region.value, "");
}

TEST_F(ProfileTest, AFileThatHasNotChangedIsNotReadAgain) {
  const fs::path file = home_ / ".aws" / "config";
  write("config", "[default]\nregion = one\n");
  ASSERT_EQ(read_profile("default")->region.value, "one");
  const auto time = fs::last_write_time(file);
  {
    std::fstream same_place(file, std::ios::in | std::ios::out);
    same_place << "[default]\nregion = two\n";
  }
  fs::last_write_time(file, time);
  EXPECT_EQ(read_profile("default")->region.value, "one");
}

TEST_F(ProfileTest, OneFileMayBeBoth) {
  write("config", "[default]\nregion = x\naws_access_key_id = a\naws_secret_access_key = s\n");
  const std::string file = (home_ / ".aws" / "config").string();
  ::setenv("AWS_SHARED_CREDENTIALS_FILE", file.c_str(), 1);
  const auto profile = read_profile("default");
  ::unsetenv("AWS_SHARED_CREDENTIALS_FILE");
  EXPECT_EQ(profile->region.value, "x");
  EXPECT_EQ(profile->credentials.value, "a key");
}

TEST_F(ProfileTest, BrokenFilesAreNamed) {
  write("config", "[default\n");
  EXPECT_EQ(read_profile("default").status().message(),
            "~/.aws/config is not understood: line 1: the section has no ']'");
  ::setenv("AWS_CONFIG_FILE", home_.c_str(), 1);
  EXPECT_EQ(read_profile("default").status().message(),
            home_.string() + " cannot be read: it is no file");
  ::setenv("AWS_CONFIG_FILE", "/dev/null", 1);
  EXPECT_TRUE(read_profile("default").ok());
  ::unsetenv("AWS_CONFIG_FILE");
  write("config", "[default]\nservices = gone\n");
  EXPECT_EQ(read_profile("default").status().message(),
            "profile default in ~/.aws/config says services = gone, but there is no [services "
            "gone]");
}

TEST_F(ProfileTest, AHomeThatNobodyMayLookIntoHoldsNothing) {
  if (::getuid() != 0) GTEST_SKIP() << "only root may become another user";
  write("config", "[default\n");
  fs::permissions(home_, fs::perms::owner_all);
  const auto ignored = [] {
    if (!test::become_another_user()) return false;
    const std::string file = std::string(std::getenv("HOME")) + "/.aws/config";
    if (!read_profile("default").ok()) return false;
    ::setenv("AWS_CONFIG_FILE", file.c_str(), 1);
    return read_profile("default").status().message() ==
           file + " cannot be read: Permission denied";
  };
  EXPECT_EQ(test::in_child(ignored), 0);
}

TEST_F(ProfileTest, HalfAKeyIsNone) {
  write("credentials", "[default]\naws_access_key_id = a\n");
  EXPECT_EQ(read_profile("default")->half_a_key,
            "profile default in ~/.aws/credentials has aws_access_key_id but no "
            "aws_secret_access_key");
}

}  // namespace
}  // namespace arraymorph::config
