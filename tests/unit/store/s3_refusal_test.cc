// Which setting is wrong, told from the answers of AWS (as its documentation gives them), Garage
// 2.5, SeaweedFS 4.48 and web servers.
#include <aws/common/error.h>
#include <aws/http/http.h>
#include <aws/io/io.h>
#include <aws/s3/s3.h>
#include <gtest/gtest.h>

#include "store/s3/errors.h"
#include "store/s3/refusal.h"
#include "store/s3/region.h"
#include "store/s3/transport_errors.h"

namespace arraymorph::store::s3 {
namespace {

Target target_at(const char* endpoint = "http://host:3900") {
  Target target{"bucket", endpoint, "us-east-1"};
  target.key_id = "AKIA...LE";
  return target;
}

Request request_of(const char* method = "GET") {
  Request request;
  request.method = method;
  request.key = "test.h5/.arraymorph/metadata.h5";
  return request;
}

std::string document(const std::string& code, const std::string& message,
                     const std::string& rest = "") {
  return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>" + message +
         "</Message>" + rest + "</Error>";
}

Failure answered(int status, const std::string& body) { return {1, status, body, {}}; }

void expect(const Verdict& verdict, Code code, std::initializer_list<const char*> words,
            std::initializer_list<const char*> absent = {}) {
  const std::string& message = verdict.status.message();
  EXPECT_EQ(verdict.status.code(), code) << message;
  for (const char* word : words) EXPECT_NE(message.find(word), std::string::npos) << message;
  for (const char* word : absent) EXPECT_EQ(message.find(word), std::string::npos) << message;
}

TEST(S3RefusalTest, RegionsThatAnswersName) {
  const auto region = [](const Failure& failure, const char* method = "GET") {
    const Verdict verdict = judge(request_of(method), failure, target_at());
    EXPECT_EQ(verdict.retry == Retry::moved, !verdict.region.empty());
    return verdict.region;
  };
  // AWS, MinIO
  const std::string words =
      "The authorization header is malformed; the region 'us-east-1' is wrong; expecting "
      "'eu-west-1'";
  EXPECT_EQ(region(answered(400, document("AuthorizationHeaderMalformed", words,
                                          "<Region>eu-west-1</Region>"))),
            "eu-west-1");
  EXPECT_EQ(region(answered(400, document("AuthorizationHeaderMalformed", words))), "eu-west-1");
  Failure redirect =
      answered(301, document("PermanentRedirect", "The bucket must be addressed otherwise",
                             "<Endpoint>bucket.s3.eu-west-1.amazonaws.com</Endpoint>"));
  EXPECT_EQ(region(redirect), "");
  redirect.bucket_region = "eu-west-1";
  EXPECT_EQ(region(redirect), "eu-west-1");
  // HEAD: the header is all there is.
  Failure head = answered(400, "");
  EXPECT_EQ(region(head, "HEAD"), "");
  head.bucket_region = "eu-west-1";
  EXPECT_EQ(region(head, "HEAD"), "eu-west-1");
  // Garage
  EXPECT_EQ(region(answered(400, document("AuthorizationHeaderMalformed",
                                          "Authorization header malformed, unexpected scope: a, "
                                          "expected: b",
                                          "<Region>garage</Region>"))),
            "garage");
}

TEST(S3RefusalTest, RegionsAreNotTakenFromOtherAnswers) {
  const auto region = [](const Failure& failure) {
    return judge(request_of(), failure, target_at()).region;
  };
  // Garage names its region in every answer.
  EXPECT_EQ(region(answered(404, document("NoSuchKey", "m", "<Region>garage</Region>"))), "");
  EXPECT_EQ(region(answered(403, document("AccessDenied", "m", "<Region>us-east-1</Region>"))), "");
  Failure missing = answered(404, document("NoSuchKey", "m"));
  missing.bucket_region = "eu-west-1";
  EXPECT_EQ(region(missing), "");
  // It becomes part of a host name.
  for (const char* bad : {"evil.example/", "-a", "a b", "a@b"}) {
    EXPECT_EQ(region(answered(400, document("AuthorizationHeaderMalformed", "m",
                                            "<Region>" + std::string(bad) + "</Region>"))),
              "")
        << bad;
  }
}

TEST(S3RefusalTest, RegionsInHostNames) {
  const auto moved = [](const char* authority) {
    S3Endpoint endpoint;
    endpoint.authority = authority;
    return in_region(endpoint, "eu-west-1").authority;
  };
  EXPECT_EQ(moved("s3.us-east-1.amazonaws.com"), "s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(moved("s3.amazonaws.com"), "s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(moved("s3-us-west-2.amazonaws.com"), "s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(moved("s3.cn-north-1.amazonaws.com.cn"), "s3.eu-west-1.amazonaws.com.cn");
  for (const char* other : {"", "localhost:3900", "vpce-1.s3.us-east-1.vpce.amazonaws.com",
                            "s3.dualstack.us-east-1.amazonaws.com", "s3.amazonaws.com.evil.org"}) {
    EXPECT_EQ(moved(other), other);
  }
  EXPECT_EQ(url_of(S3Endpoint(), "eu-west-1"), "https://s3.eu-west-1.amazonaws.com");
}

TEST(S3RefusalTest, WrongSecrets) {
  Failure garage = answered(
      403, document("AccessDenied", "Forbidden: Invalid signature", "<Region>us-east-1</Region>"));
  garage.clock_ahead = -1;
  expect(judge(request_of(), garage, target_at()), Code::permission_denied,
         {"AWS_SECRET_ACCESS_KEY is not the secret of access key AKIA...LE", "Ruled out",
          "us-east-1 for both", "agrees within 2 s"},
         {"or AWS_REGION"});
  const Failure aws = answered(
      403, document("SignatureDoesNotMatch", "m", "<StringToSign>AWS4-HMAC-SHA256</StringToSign>"));
  expect(judge(request_of(), aws, target_at()), Code::permission_denied,
         {"AWS_SECRET_ACCESS_KEY", "AWS_REGION=us-east-1", "a proxy"},
         {"Ruled out", "AWS_SIGNED_PAYLOADS"});
  Target unsigned_body = target_at("https://host");
  unsigned_body.sign_payload = false;
  expect(judge(request_of("PUT"), aws, unsigned_body), Code::permission_denied,
         {"AWS_SIGNED_PAYLOADS=true"});
}

TEST(S3RefusalTest, WrongKeys) {
  expect(judge(request_of(), answered(403, document("InvalidAccessKeyId", "m")), target_at()),
         Code::permission_denied, {"does not know access key AKIA...LE", "AWS_ACCESS_KEY_ID"},
         {"AWS_SECRET_ACCESS_KEY"});
  expect(judge(request_of(), answered(403, document("AccessDenied", "Forbidden: No such key: GK1")),
               target_at()),
         Code::permission_denied, {"AWS_ACCESS_KEY_ID", "`garage layout show`"});
  expect(judge(request_of(),
               answered(403, document("AccessDenied",
                                      "Forbidden: Operation is not allowed for this key.")),
               target_at()),
         Code::permission_denied, {"garage bucket allow --read --write bucket"});
  EXPECT_EQ(shortened("AKIAIOSFODNN7EXAMPLE"), "AKIA...LE");
  EXPECT_EQ(shortened("short"), "sh...");
  EXPECT_EQ(shortened(""), "");
}

TEST(S3RefusalTest, WrongClocks) {
  Failure failure = answered(403, document("SignatureDoesNotMatch", "m"));
  failure.clock_ahead = 7200;
  expect(judge(request_of(), failure, target_at()), Code::permission_denied,
         {"this machine's clock is 7200 s ahead of the server's", "set the clock"}, {"SECRET"});
  failure = answered(400, document("InvalidRequest", "Bad request: Date is too old"));
  failure.clock_ahead = -93600;
  expect(judge(request_of(), failure, target_at()), Code::invalid_argument,
         {"93600 s behind the server's"});
  expect(judge(request_of(), {AWS_ERROR_S3_REQUEST_TIME_TOO_SKEWED, 0, {}, {}}, target_at()),
         Code::permission_denied, {"RequestTimeTooSkewed", "set the clock"});
}

TEST(S3RefusalTest, UnsignedPayloads) {
  Target target = target_at("https://host");
  target.sign_payload = false;
  const Failure refused =
      answered(400, document("XAmzContentSHA256Mismatch", "UNSIGNED-PAYLOAD is not allowed"));
  expect(judge(request_of("PUT"), refused, target), Code::invalid_argument,
         {"set AWS_SIGNED_PAYLOADS=true"});
  target.sign_payload = true;
  expect(judge(request_of("PUT"), refused, target), Code::invalid_argument, {"changed on its way"},
         {"AWS_SIGNED_PAYLOADS"});
}

TEST(S3RefusalTest, FileNamesTakenForBuckets) {
  Target target = target_at();
  target.path_style = false;
  const auto words = {"took 'test.h5'", "set AWS_S3_ADDRESSING_STYLE=path"};
  expect(judge(request_of(), answered(404, document("NoSuchBucket", "Bucket not found: test.h5")),
               target),
         Code::invalid_argument, words);
  // SeaweedFS to a PUT.
  expect(judge(request_of("PUT"),
               answered(403, document("AccessDenied", "Access Denied.",
                                      "<BucketName>test.h5</BucketName>")),
               target),
         Code::invalid_argument, words);
  expect(judge(request_of(),
               answered(404, document("NoSuchBucket", "m", "<BucketName>bucket</BucketName>")),
               target),
         Code::invalid_argument, {"the bucket 'bucket' does not exist"}, {"ADDRESSING_STYLE"});
}

TEST(S3RefusalTest, BucketsNamedTwice) {
  const Target target = target_at("http://bucket.host:8333");
  expect(judge(request_of(),
               answered(404, document("NoSuchKey", "m",
                                      "<Key>bucket/test.h5/.arraymorph/metadata.h5</Key>")),
               target),
         Code::invalid_argument, {"names the bucket already", "AWS_ENDPOINT_URL_S3"});
  expect(
      judge(request_of(),
            answered(404, document("NoSuchKey", "m", "<Key>test.h5/.arraymorph/metadata.h5</Key>")),
            target),
      Code::not_found, {}, {"AWS_ENDPOINT_URL_S3"});
}

TEST(S3RefusalTest, AnswersOfOtherServers) {
  for (const char* body : {"", "404 page not found\n", "<!DOCTYPE html><p>no", "{\"error\": 1}"}) {
    for (const int status : {400, 401, 403, 404, 405}) {
      expect(judge(request_of(), answered(status, body), target_at()), Code::invalid_argument,
             {"answers, but not as an S3 server", "AWS_ENDPOINT_URL_S3"});
    }
  }
  expect(judge(request_of(), answered(404, "404 page not found\n"), target_at()),
         Code::invalid_argument, {"it says '404 page not found\\n'"});
  // Answers to HEAD have no body, and those to DELETE need none.
  EXPECT_EQ(judge(request_of("HEAD"), answered(404, ""), target_at()).status.code(),
            Code::not_found);
  EXPECT_EQ(judge(request_of("DELETE"), answered(404, ""), target_at()).status.code(),
            Code::not_found);
}

TEST(S3RefusalTest, WrongSchemes) {
  for (const char* body : {"Client sent an HTTP request to an HTTPS server.\n",
                           "<center>The plain HTTP request was sent to HTTPS port</center>",
                           "Reason: You're speaking plain HTTP to an SSL-enabled server port."}) {
    expect(judge(request_of(), answered(400, body), target_at()), Code::invalid_argument,
           {"set AWS_ENDPOINT_URL_S3=https://host:3900"});
  }
  Failure redirect = answered(301, "<html>");
  redirect.location = "https://host:3901/bucket/test.h5?x=secret";
  expect(judge(request_of(), redirect, target_at()), Code::invalid_argument,
         {"set AWS_ENDPOINT_URL_S3=https://host:3901"}, {"secret", "AWS_REGION"});
  for (const int error :
       {static_cast<int>(AWS_IO_SOCKET_CLOSED), static_cast<int>(AWS_ERROR_HTTP_CONNECTION_CLOSED),
        static_cast<int>(AWS_ERROR_HTTP_PROTOCOL_ERROR),
        static_cast<int>(AWS_ERROR_S3_INVALID_RESPONSE_STATUS),
        static_cast<int>(AWS_ERROR_INVALID_STATE)}) {
    expect(judge(request_of(), {error, 0, {}, {}}, target_at()), Code::unavailable,
           {"set AWS_ENDPOINT_URL_S3=https://host:3900"});
    expect(judge(request_of(), {error, 0, {}, {}}, target_at("https://host:3900")),
           Code::unavailable, {"set AWS_ENDPOINT_URL_S3=http://host:3900"});
  }
}

TEST(S3RefusalTest, Redirects) {
  Failure redirect = answered(302, "");
  redirect.location = "http://login.example/?token=secret";
  expect(judge(request_of(), redirect, target_at()), Code::invalid_argument,
         {"302", "leads to http://login.example/", "redirects are not followed"}, {"secret"});
}

TEST(S3RefusalTest, NamesWithoutAnAddress) {
  Target target = target_at("http://s3.example:3900");
  target.path_style = false;
  const Failure failure{AWS_IO_DNS_INVALID_NAME, 0, {}, {}};
  expect(judge(request_of(), failure, target), Code::unavailable,
         {"'bucket.s3.example:3900'", "set AWS_S3_ADDRESSING_STYLE=path"});
  target.endpoint = "https://s3.us-east-1.amazonaws.com";
  expect(judge(request_of(), failure, target), Code::unavailable,
         {"is AWS_REGION=us-east-1 a region", "AWS_ENDPOINT_URL_S3"}, {"ADDRESSING_STYLE"});
}

TEST(S3RefusalTest, StatesOfTheServer) {
  Failure failure{AWS_ERROR_S3_SLOW_DOWN, 0, {}, {}};
  failure.seen_status = 503;
  const Verdict verdict = judge(request_of("PUT"), failure, target_at());
  expect(verdict, Code::unavailable,
         {"503", "part of the server is down or full", "`garage status`", "`garage layout show`"});
  EXPECT_EQ(verdict.retry, Retry::later);
  // The words of Garage 2.5, which the engine shows in answers to inquiries only.
  expect(judge(request_of("PUT"),
               answered(503, document("ServiceUnavailable",
                                      "Internal error: Could not reach quorum of 2 (sets=Some(1)). "
                                      "0 of 2 request succeeded, others returned errors: []")),
               target_at()),
         Code::unavailable, {"too few of the server's nodes answer", "`garage status`"},
         {"`mc admin info`"});
}

// The engine forgets an address for a while after it has refused a connection.
TEST(S3RefusalTest, NoAddressLeft) {
  const Failure failure{AWS_IO_DNS_NO_ADDRESS_FOR_HOST, 0, {}, {}};
  Target target = target_at();
  for (const char* endpoint : {"http://127.0.0.1:1", "https://[::1]:1"}) {
    target.endpoint = endpoint;
    expect(judge(request_of(), failure, target), Code::unavailable,
           {endpoint, "refuses connections, or cannot be reached", "AWS_ENDPOINT_URL_S3"},
           {"resolved"});
  }
  target.endpoint = "http://garage:3900";
  const Verdict verdict = judge(request_of(), failure, target);
  expect(verdict, Code::unavailable,
         {"http://garage:3900", "refuses connections or its name cannot be resolved"});
  EXPECT_EQ(verdict.retry, Retry::soon);
}

TEST(S3RefusalTest, LimitsOfTheSystem) {
  expect(judge(request_of(), {AWS_ERROR_MAX_FDS_EXCEEDED, 0, {}, {}}, target_at()),
         Code::unavailable, {"raise `ulimit -n`", "ARRAYMORPH_CONNECTIONS"});
}

TEST(S3RefusalTest, NamesThatAreInUse) {
  Target target = target_at();
  target.names = {{"AWS_REGION", "ARRAYMORPH_REGION"}};
  expect(judge(request_of(),
               answered(400, document("AuthorizationHeaderMalformed", "m", "<Region>r</Region>")),
               target),
         Code::invalid_argument, {"set ARRAYMORPH_REGION=r"}, {"AWS_REGION"});
}

}  // namespace
}  // namespace arraymorph::store::s3
