// The AWS SDK's own log tells in which order a process starts and ends it. Only in that flavour.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "support/http_server.h"

namespace arraymorph {
namespace {

namespace fs = std::filesystem;
using test::HttpServer;

class SdkLifeTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::path(testing::TempDir()) / ("sdk-life-" + std::to_string(::getpid()));
    fs::create_directories(directory_);
    std::ofstream(directory_ / "credentials")
        << "[special]\naws_access_key_id = FROMPROFILE\naws_secret_access_key = s\n";
  }
  void TearDown() override { fs::remove_all(directory_); }

  // Runs exit_probe, which returns from main with requests in flight; what it wrote to stderr.
  std::string log_of_probe(const std::string& level) {
    const fs::path log = directory_ / "log";
    const std::string command =
        "env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY AWS_PROFILE=special BUCKET_NAME=b "
        "AWS_EC2_METADATA_DISABLED=true AWS_SHARED_CREDENTIALS_FILE=" +
        (directory_ / "credentials").string() + " AWS_ENDPOINT_URL_S3=" + server_.endpoint() +
        " ARRAYMORPH_LOG=" + level + " " EXIT_PROBE " 20 2>" + log.string();
    const int status = std::system(command.c_str());
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 42);
    std::ostringstream text;
    text << std::ifstream(log).rdbuf();
    return text.str();
  }

  HttpServer server_{[](const std::string& head, unsigned) {
    EXPECT_NE(head.find("Credential=FROMPROFILE/"), std::string::npos) << head;
    return HttpServer::answer("200 OK", "");
  }};
  fs::path directory_;
};

// Positions of `words` in `text`, each after the one before.
void expect_in_order(const std::string& text, std::initializer_list<const char*> words) {
  std::size_t at = 0;
  for (const char* word : words) {
    const std::size_t found = text.find(word, at);
    ASSERT_NE(found, std::string::npos) << "'" << word << "' is missing or too early in:\n" << text;
    at = found + 1;
  }
}

TEST_F(SdkLifeTest, ClientsEndBeforeTheSdk) {
  const std::string log = log_of_probe("debug");
  expect_in_order(log, {"Initiate AWS SDK for C++", "Initiating making of meta request",
                        "Client starting destruction", "Client finishing destruction",
                        "Shutdown AWS SDK for C++"});
  EXPECT_EQ(log.find("S3Client", log.find("Shutdown AWS SDK for C++")), std::string::npos) << log;
  EXPECT_EQ(log.find("already initialized"), std::string::npos) << log;
  EXPECT_GT(server_.requests(), 0U);
}

TEST_F(SdkLifeTest, ItsProviderChainFindsTheProfile) {
  expect_in_order(log_of_probe("debug"), {"ProfileConfigFileAWSCredentialsProvider"});
}

TEST_F(SdkLifeTest, IsSilentOtherwise) { EXPECT_EQ(log_of_probe("info"), ""); }

}  // namespace
}  // namespace arraymorph
