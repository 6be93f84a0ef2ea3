#include "runtime/endpoint.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace arraymorph {
namespace {

S3Settings with_endpoint(std::string endpoint, std::string tls = "", std::string style = "") {
  S3Settings settings;
  settings.endpoint = std::move(endpoint);
  settings.use_tls = std::move(tls);
  settings.addressing_style = std::move(style);
  return settings;
}

TEST(S3EndpointTest, TheSchemeDecidesTls) {
  const Result<S3Endpoint> plain = s3_endpoint(with_endpoint("http://localhost:9000/"));
  ASSERT_TRUE(plain.ok()) << plain.status().message();
  EXPECT_EQ(plain->authority, "localhost:9000");
  EXPECT_FALSE(plain->tls);
  EXPECT_TRUE(plain->path_style);
  EXPECT_TRUE(plain->sign_payload);
  const Result<S3Endpoint> secure = s3_endpoint(with_endpoint("HTTPS://host"));
  EXPECT_TRUE(secure->tls);
  EXPECT_FALSE(secure->sign_payload);
  EXPECT_TRUE(s3_endpoint(with_endpoint("host", "true"))->tls);
  EXPECT_FALSE(s3_endpoint(with_endpoint("host", "0"))->tls);
}

TEST(S3EndpointTest, ContradictionsAreRefused) {
  for (const S3Settings& settings :
       {with_endpoint("localhost:9000"), with_endpoint("http://h", "true"),
        with_endpoint("https://h", "no"), with_endpoint("ftp://h"), with_endpoint("http://"),
        with_endpoint("http:///path"), with_endpoint("http://h/a b"), with_endpoint("http://h:x"),
        with_endpoint("http://[h]"), with_endpoint("h", "maybe"),
        with_endpoint("http://h", "", "both")}) {
    EXPECT_EQ(s3_endpoint(settings).status().code(), Code::invalid_argument) << settings.endpoint;
  }
  const std::string message = s3_endpoint(with_endpoint("localhost:9000")).status().message();
  EXPECT_NE(message.find("http://localhost:9000"), std::string::npos) << message;
}

TEST(S3EndpointTest, PasswordsInUrlsAreNotRepeated) {
  for (const char* endpoint :
       {"http://me:hidden@h", "me:hidden@h", "https://me:hid/hidden@h", "ftp://me:hidden@h",
        "http://h/?X-Amz-Signature=hidden", "http://h#hidden"}) {
    const Status status = s3_endpoint(with_endpoint(endpoint)).status();
    EXPECT_EQ(status.code(), Code::invalid_argument) << endpoint;
    EXPECT_EQ(status.message().find("hidden"), std::string::npos) << status.message();
  }
}

TEST(S3EndpointTest, AwsIsTheDefault) {
  const Result<S3Endpoint> aws = s3_endpoint({});
  ASSERT_TRUE(aws.ok());
  EXPECT_TRUE(aws->aws());
  EXPECT_TRUE(aws->tls);
  EXPECT_FALSE(aws->path_style);
  EXPECT_TRUE(s3_endpoint(with_endpoint("", "", "path"))->path_style);
  EXPECT_FALSE(s3_endpoint(with_endpoint("http://h", "", "Virtual"))->path_style);
}

TEST(S3EndpointTest, APathGoesBeforeTheBucket) {
  const Result<S3Endpoint> behind = s3_endpoint(with_endpoint("https://gateway:8443/storage/s3/"));
  ASSERT_TRUE(behind.ok()) << behind.status().message();
  EXPECT_EQ(behind->authority, "gateway:8443");
  EXPECT_EQ(behind->prefix, "/storage/s3");
  EXPECT_EQ(s3_endpoint(with_endpoint("http://h/"))->prefix, "");
  EXPECT_EQ(s3_endpoint(with_endpoint("h/s3", "true"))->prefix, "/s3");
}

TEST(S3EndpointTest, AddressesOfBothKinds) {
  const Result<S3Endpoint> six = s3_endpoint(with_endpoint("http://[::1]:3900"));
  ASSERT_TRUE(six.ok()) << six.status().message();
  EXPECT_EQ(six->authority, "[::1]:3900");
  EXPECT_TRUE(six->path_style);
  EXPECT_EQ(s3_endpoint(with_endpoint("http://[2001:db8::1]"))->authority, "[2001:db8::1]");
  const std::string message = s3_endpoint(with_endpoint("http://::1:3900")).status().message();
  EXPECT_NE(message.find("[::1]"), std::string::npos) << message;
  EXPECT_TRUE(is_address("127.0.0.1:80"));
  EXPECT_TRUE(is_address("[::1]"));
  EXPECT_FALSE(is_address("localhost:80"));
  EXPECT_FALSE(is_address(""));
}

TEST(S3EndpointTest, VirtualStyleNeedsAName) {
  EXPECT_TRUE(s3_endpoint(with_endpoint("http://h:1", "", "virtual")).ok());
  for (const char* endpoint : {"http://127.0.0.1:3900", "http://[::1]:3900"}) {
    const Status status = s3_endpoint(with_endpoint(endpoint, "", "virtual")).status();
    EXPECT_EQ(status.code(), Code::invalid_argument) << endpoint;
    EXPECT_NE(status.message().find("AWS_S3_ADDRESSING_STYLE=path"), std::string::npos);
  }
}

}  // namespace
}  // namespace arraymorph
