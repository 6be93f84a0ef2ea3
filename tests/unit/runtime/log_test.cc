#include "runtime/log.h"

#include <gtest/gtest.h>

#include <string>

namespace arraymorph {
namespace {

std::string logged(LogLevel shown, LogLevel level, std::string_view message) {
  set_log_level(shown);
  testing::internal::CaptureStderr();
  log(level, message);
  std::string text = testing::internal::GetCapturedStderr();
  set_log_level(LogLevel::warn);
  return text;
}

TEST(LogTest, ShowsWhatIsAskedFor) {
  EXPECT_EQ(logged(LogLevel::warn, LogLevel::error, "gone"), "arraymorph: error: gone\n");
  EXPECT_EQ(logged(LogLevel::warn, LogLevel::warn, "odd"), "arraymorph: warn: odd\n");
  EXPECT_EQ(logged(LogLevel::warn, LogLevel::info, "opened"), "");
  EXPECT_EQ(logged(LogLevel::debug, LogLevel::debug, "GET"), "arraymorph: debug: GET\n");
  EXPECT_EQ(logged(LogLevel::off, LogLevel::error, "gone"), "");
}

TEST(LogTest, OneEventIsOneLineAndSteersNoTerminal) {
  const std::string text = logged(LogLevel::warn, LogLevel::error,
                                  "a\nb\rc\td\x1b[31m\x7f\xc2\x9b"
                                  "2J\xc3\xbc");
  EXPECT_EQ(text, "arraymorph: error: a\\nb\\rc\\td\\x1b[31m\\x7f\\x9b2J\xc3\xbc\n");
}

TEST(LogTest, LongTextIsCutOff) {
  EXPECT_EQ(printable("abcdef", 4), "abcd...");
  EXPECT_EQ(printable("abcd", 4), "abcd");
  EXPECT_LT(logged(LogLevel::warn, LogLevel::error, std::string(1 << 20, 'x')).size(), 9000u);
}

TEST(LogTest, UrlsLoseWhatMayBeSecret) {
  EXPECT_EQ(without_secrets("https://host:1/path"), "https://host:1/path");
  EXPECT_EQ(without_secrets("https://me:pass@host:1/"), "https://***@host:1/");
  EXPECT_EQ(without_secrets("https://me:pa/ss@host"), "https://***@host");
  EXPECT_EQ(without_secrets("s3://b/k?X-Amz-Signature=1#2"), "s3://b/k?***");
  EXPECT_EQ(without_secrets("host"), "host");
}

TEST(LogTest, LinesOfTheEngineWithSecretsAreDropped) {
  EXPECT_TRUE(may_be_shown("S3MetaRequest: id=0x1 Meta Request Default created request 0x2"));
  EXPECT_FALSE(may_be_shown("AuthSigning: built final authorization value, with contents \nAWS4"));
  EXPECT_FALSE(may_be_shown("canonical request\nx-amz-security-token:abc"));
  EXPECT_FALSE(may_be_shown("{\"SecretAccessKey\": \"abc\"}"));
}

}  // namespace
}  // namespace arraymorph
