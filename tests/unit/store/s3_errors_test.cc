#include <aws/io/io.h>
#include <gtest/gtest.h>

#include "store/http/errors.h"
#include "store/s3/errors.h"

namespace arraymorph::store::s3 {
namespace {

const Target kTarget{"bucket", "http://host:1", "us-east-1"};

std::string body(const std::string& code, const std::string& rest = "") {
  return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>words</Message>" + rest +
         "</Error>";
}

Verdict judge_http(int status, const std::string& xml,
                   PutCondition::Kind condition = PutCondition::Kind::always) {
  Request request;
  request.method = "PUT";
  request.key = "key";
  request.condition = condition;
  return judge(request, {1, status, xml, {}}, kTarget);
}

void expect_words(const Status& status, std::initializer_list<const char*> words) {
  for (const char* word : words) {
    EXPECT_NE(status.message().find(word), std::string::npos)
        << word << " is not in: " << status.message();
  }
}

TEST(S3ErrorsTest, NamesKeyCauseAndNextStep) {
  const Verdict denied = judge_http(403, body("SignatureDoesNotMatch"));
  EXPECT_EQ(denied.status.code(), Code::permission_denied);
  EXPECT_EQ(denied.retry, Retry::never);
  expect_words(denied.status,
               {"PUT s3://bucket/key: 403 SignatureDoesNotMatch: words", "AWS_SECRET_ACCESS_KEY"});
  expect_words(judge_http(403, body("InvalidAccessKeyId")).status, {"AWS_ACCESS_KEY_ID"});
}

TEST(S3ErrorsTest, TellsBucketsFromKeys) {
  const Status key = judge_http(404, body("NoSuchKey")).status;
  EXPECT_EQ(key.code(), Code::not_found);
  EXPECT_EQ(key.message().find("'bucket'"), std::string::npos);
  const Status bucket = judge_http(404, body("NoSuchBucket")).status;
  EXPECT_EQ(bucket.code(), Code::invalid_argument);
  expect_words(bucket, {"the bucket 'bucket' does not exist", "http://host:1", "BUCKET_NAME"});
}

TEST(S3ErrorsTest, ShowsWordsThatATerminalCanBear) {
  const std::string long_words(5000, 'w');
  const std::string message = judge_http(400, "<Error><Code>X</Code><Message>a&#27;[2J&#10;b\x7f" +
                                                  long_words + "</Message></Error>")
                                  .status.message();
  EXPECT_NE(message.find("X: a\\x1b[2J\\nb\\x7fwww"), std::string::npos) << message;
  EXPECT_LT(message.size(), 1000u);
}

TEST(S3ErrorsTest, NamesTheRegion) {
  const Status status =
      judge_http(400, body("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>")).status;
  EXPECT_EQ(status.code(), Code::invalid_argument);
  expect_words(status, {"not in us-east-1", "AWS_REGION=eu-west-1"});
  expect_words(judge_http(301, "").status, {"AWS_REGION"});
}

TEST(S3ErrorsTest, ConditionsDecideWhat412Means) {
  using Kind = PutCondition::Kind;
  const std::string failed = body("PreconditionFailed");
  EXPECT_EQ(judge_http(412, failed, Kind::if_absent).status.code(), Code::already_exists);
  EXPECT_EQ(judge_http(412, failed, Kind::if_match).status.code(), Code::conflict);
  EXPECT_EQ(judge_http(404, body("NoSuchKey"), Kind::if_match).status.code(), Code::conflict);
  EXPECT_EQ(judge_http(404, body("NoSuchBucket"), Kind::if_match).status.code(),
            Code::invalid_argument);
}

TEST(S3ErrorsTest, RetriesWhatMayPass) {
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    EXPECT_EQ(judge_http(status, "").retry, Retry::later) << status;
    EXPECT_EQ(judge_http(status, "").status.code(), Code::unavailable) << status;
  }
  EXPECT_EQ(judge_http(400, body("RequestTimeout")).retry, Retry::later);
  EXPECT_EQ(judge_http(409, body("ConditionalRequestConflict")).retry, Retry::later);
  EXPECT_EQ(judge_http(400, "not xml").retry, Retry::never);
  EXPECT_EQ(judge_http(507, "").status.code(), Code::out_of_space);
  EXPECT_EQ(judge_http(413, "").status.code(), Code::too_large);
  EXPECT_EQ(judge_http(400, body("EntityTooLarge")).status.code(), Code::too_large);
  EXPECT_EQ(judge_http(501, "").status.code(), Code::unsupported);
}

TEST(S3ErrorsTest, OtherConflictsAreNotRetried) {
  EXPECT_EQ(judge_http(409, body("BucketNotEmpty")).retry, Retry::never);
  EXPECT_EQ(judge_http(409, "").retry, Retry::later);
  // It does not say that the object exists.
  const Verdict verdict =
      judge_http(409, body("ConditionalRequestConflict"), PutCondition::Kind::if_absent);
  EXPECT_EQ(verdict.status.code(), Code::conflict);
}

TEST(S3ErrorsTest, ExpiredTokensAskForNewOnes) {
  const Verdict verdict = judge_http(400, body("ExpiredToken"));
  EXPECT_EQ(verdict.retry, Retry::renewed);
  EXPECT_EQ(verdict.status.code(), Code::permission_denied);
  expect_words(verdict.status, {"ExpiredToken", "AWS_SESSION_TOKEN"});
}

TEST(S3ErrorsTest, TheServersWordsStayOnOneLine) {
  const std::string message =
      judge_http(400, "<Error><Code>A&#10;B</Code><Message>&#27;[31m</Message></Error>")
          .status.message();
  EXPECT_NE(message.find("A\\nB"), std::string::npos) << message;
  EXPECT_EQ(message.find('\x1b'), std::string::npos) << message;
}

TEST(S3ErrorsTest, TransportErrorsNameTheEndpoint) {
  Request request;
  request.method = "GET";
  const Verdict refused = judge(request, {AWS_IO_SOCKET_CONNECTION_REFUSED, 0, {}, {}}, kTarget);
  EXPECT_EQ(refused.status.code(), Code::unavailable);
  EXPECT_EQ(refused.retry, Retry::soon);
  expect_words(refused.status, {"GET s3://bucket", "http://host:1", "AWS_ENDPOINT_URL_S3"});
  const Verdict closed = judge(request, {AWS_IO_SOCKET_CLOSED, 0, {}, {}}, kTarget);
  EXPECT_EQ(closed.retry, Retry::later);
  const Verdict tls = judge(request, {AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE, 0, {}, {}}, kTarget);
  EXPECT_EQ(tls.retry, Retry::never);
  expect_words(tls.status, {"AWS_CA_BUNDLE"});
}

TEST(S3ErrorsTest, WebServersAreNamedByTheirUrl) {
  Target target{"", "https://host:1", ""};
  target.judge = http::judge;
  Request request;
  request.method = "GET";
  request.key = "x.h5?secret";
  const auto said = [&](const Failure& failure) {
    const Status status = judge(request, failure, target).status;
    expect_words(status, {"GET https://host:1/x.h5?***: "});
    for (const char* word : {"secret", "s3://", "AWS_ENDPOINT_URL_S3"}) {
      EXPECT_EQ(status.message().find(word), std::string::npos) << status.message();
    }
    return status;
  };
  expect_words(said({AWS_IO_SOCKET_CONNECTION_REFUSED, 0, {}, {}}), {"is the URL right?"});
  expect_words(said({AWS_IO_DNS_INVALID_NAME, 0, {}, {}}), {"is the URL right?"});
  expect_words(said({AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE, 0, {}, {}}),
               {"write http://", "AWS_CA_BUNDLE"});
  expect_words(said({1, 404, "<html>", {}}), {"404 (there is no such file: check the URL)"});
}

}  // namespace
}  // namespace arraymorph::store::s3
