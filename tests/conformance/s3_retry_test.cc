// What the S3 store does when a server fails, is slow or is not there.
#include <mutex>
#include <vector>

#include "conformance/s3_faults.h"
#include "runtime/stats.h"

namespace arraymorph::test {
namespace {

class S3RetryTest : public S3Faults {};

TEST_F(S3RetryTest, OneRequestPerVerb) {
  HttpServer server([](const std::string& head, unsigned) {
    return head.starts_with("DELETE") ? HttpServer::answer("204 No Content", "")
                                      : HttpServer::answer("200 OK", "", "ETag: \"t\"\r\n");
  });
  const auto store = store_at(server.endpoint());
  EXPECT_TRUE(get(*store, {"k", {}, {}}).ok());
  EXPECT_EQ(server.requests(), 1u);
  EXPECT_TRUE(put(*store, {"k", std::make_shared<const Buffer>(20u << 20), {}, false}).ok());
  EXPECT_EQ(server.requests(), 2u);
  EXPECT_TRUE(head(*store, "k").ok());
  EXPECT_EQ(server.requests(), 3u);
  EXPECT_TRUE(remove(*store, {"k", "l"}).ok());
  EXPECT_EQ(server.requests(), 5u);
}

TEST_F(S3RetryTest, LargeObjectsCostOneRequestToo) {
  const std::string large(20u << 20, 'x');
  HttpServer server([&](const std::string&, unsigned) {
    return HttpServer::answer("200 OK", large, "ETag: \"t\"\r\n");
  });
  const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", {}, {}});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply->received, large.size());
  EXPECT_EQ(server.requests(), 1u);
}

TEST_F(S3RetryTest, SendsNoChecksumTrailersAndSignsOverHttp) {
  std::string seen;
  HttpServer server([&](const std::string& head, unsigned) {
    seen = head;
    return HttpServer::answer("200 OK", "", "ETag: \"t\"\r\n");
  });
  ASSERT_TRUE(put(*store_at(server.endpoint()), {"a b", bytes("abc"), {}, false}).ok());
  EXPECT_TRUE(seen.starts_with("PUT /b/a%20b HTTP/1.1\r\n")) << seen;
  EXPECT_NE(seen.find("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            std::string::npos)
      << seen;
  EXPECT_EQ(seen.find("trailer"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("x-amz-checksum"), std::string::npos) << seen;
}

TEST_F(S3RetryTest, RetriesTransientFailures) {
  reset_stats();
  HttpServer server([](const std::string&, unsigned n) {
    if (n == 0) return HttpServer::answer("503 Slow Down", error_body("SlowDown"));
    if (n == 1) return HttpServer::answer("500 Oops", "not xml");
    if (n == 2)
      return std::string(
          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"
          "Connection: close\r\n\r\nabc");
    return HttpServer::answer("200 OK", "complete");
  });
  const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", {}, {}});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(text(reply->body), "complete");
  EXPECT_EQ(server.requests(), 4u);
  EXPECT_EQ(stats().retries, 3u);
}

TEST_F(S3RetryTest, GivesUpAfterItsRetries) {
  HttpServer server([](const std::string&, unsigned) {
    return HttpServer::answer("503 Slow Down", error_body("SlowDown"));
  });
  const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", {}, {}});
  // The engine does not show the words of such answers: one request more is for them.
  expect_words(reply.status(), Code::unavailable, {"GET s3://b/k: 503 SlowDown: words"});
  EXPECT_EQ(server.requests(), 5u);
}

TEST_F(S3RetryTest, DoesNotRetryWhatCannotPass) {
  HttpServer server([](const std::string&, unsigned) {
    return HttpServer::answer("403 Forbidden", error_body("AccessDenied"));
  });
  expect_words(get(*store_at(server.endpoint()), {"k", {}, {}}).status(), Code::permission_denied,
               {"GET s3://b/k: 403 AccessDenied: words"});
  EXPECT_EQ(server.requests(), 1u);
}

TEST_F(S3RetryTest, EveryTransientStatusIsRetried) {
  for (const char* status : {"500 Internal", "502 Bad Gateway", "503 Unavailable", "504 Timeout",
                             "408 Request Timeout", "429 Too Many Requests"}) {
    HttpServer server([&](const std::string&, unsigned n) {
      return n == 0 ? HttpServer::answer(status, "") : HttpServer::answer("200 OK", "x");
    });
    EXPECT_TRUE(get(*store_at(server.endpoint()), {"k", {}, {}}).ok()) << status;
    EXPECT_EQ(server.requests(), 2u) << status;
  }
}

TEST_F(S3RetryTest, RequestTimeoutIsRetried) {
  HttpServer server([&](const std::string&, unsigned n) {
    return n == 0 ? HttpServer::answer("400 Bad Request", error_body("RequestTimeout"))
                  : HttpServer::answer("200 OK", "", "ETag: \"t\"\r\n");
  });
  EXPECT_TRUE(put(*store_at(server.endpoint()), {"k", bytes("x"), {}, false}).ok());
  EXPECT_EQ(server.requests(), 2u);
}

TEST_F(S3RetryTest, NoOtherRefusalIsRetried) {
  for (const char* status : {"400 Bad Request", "401 Unauthorized", "403 Forbidden",
                             "404 Not Found", "405 Not Allowed", "409 Conflict", "411 Length",
                             "412 Precondition Failed", "416 Range", "501 Not Implemented"}) {
    HttpServer server([&](const std::string&, unsigned) {
      return HttpServer::answer(status, error_body("SomethingElse"));
    });
    EXPECT_FALSE(get(*store_at(server.endpoint()), {"k", {}, {}}).ok()) << status;
    EXPECT_EQ(server.requests(), 1u) << status;
  }
}

TEST_F(S3RetryTest, AConcurrentConditionalRequestIsRetried) {
  HttpServer server([](const std::string&, unsigned n) {
    return n == 0 ? HttpServer::answer("409 Conflict", error_body("ConditionalRequestConflict"))
                  : HttpServer::answer("200 OK", "", "ETag: \"t\"\r\n");
  });
  const PutRequest request{"k", bytes("x"), {PutCondition::Kind::if_absent, {}}, false};
  EXPECT_TRUE(put(*store_at(server.endpoint()), request).ok());
  EXPECT_EQ(server.requests(), 2u);
}

// It says nothing about whether the object exists.
TEST_F(S3RetryTest, ConcurrentRequestsWithoutEndAreNoExistingObject) {
  HttpServer server([](const std::string& head, unsigned) {
    return head.starts_with("GET")
               ? HttpServer::answer("404 Not Found", error_body("NoSuchKey"))
               : HttpServer::answer("409 Conflict", error_body("ConditionalRequestConflict"));
  });
  const PutRequest request{"k", bytes("x"), {PutCondition::Kind::if_absent, {}}, false};
  expect_words(put(*store_at(server.endpoint()), request).status(), Code::conflict,
               {"409 ConditionalRequestConflict"});
}

TEST_F(S3RetryTest, AServerThatAsksForTimeGetsIt) {
  for (const char* refusal : {"503 Slow Down", "429 Too Many Requests"}) {
    HttpServer server([&](const std::string&, unsigned n) {
      return n == 0 ? HttpServer::answer(refusal, error_body("SlowDown"), "Retry-After: 1\r\n")
                    : HttpServer::answer("200 OK", "x");
    });
    const Clock::time_point begin = Clock::now();
    EXPECT_TRUE(get(*store_at(server.endpoint()), {"k", {}, {}}).ok());
    EXPECT_GE(Clock::now() - begin, std::chrono::seconds(1)) << refusal;
  }
}

TEST_F(S3RetryTest, AnHourIsNotWaitedFor) {
  HttpServer server([&](const std::string&, unsigned n) {
    return n == 0 ? HttpServer::answer("503 Slow Down", "", "Retry-After: 3600\r\n")
                  : HttpServer::answer("200 OK", "x");
  });
  EXPECT_TRUE(get(*store_at(server.endpoint()), {"k", {}, {}}).ok());
}

TEST_F(S3RetryTest, ASilentServerTimesOut) {
  HttpServer silent([](const std::string&, unsigned) { return std::string(); });
  Config config;
  config.s3.region = "us-east-1";
  config.s3.endpoint = silent.endpoint();
  config.retries = 0;
  config.timeout_seconds = 1;
  const Clock::time_point begin = Clock::now();
  expect_words(get(*open("b", config), {"k", {}, {}}).status(), Code::unavailable,
               {"GET s3://b/k", "127.0.0.1"});
  EXPECT_LT(Clock::now() - begin, kSoon);
}

TEST_F(S3RetryTest, ARefusedConnectionFailsFast) {
  reset_stats();
  Config config = config_for("http://127.0.0.1:1");
  config.retries = 100;
  expect_words(get(*open("b", config), {"k", {}, {}}).status(), Code::unavailable,
               {"http://127.0.0.1:1", "refuses connections", "AWS_ENDPOINT_URL_S3"});
  EXPECT_EQ(stats().retries, 2u);
}

// The end of all attempts together.
class S3DeadlineTest : public S3Faults {
 protected:
  static std::shared_ptr<ObjectStore> hasty_store_at(const std::string& endpoint,
                                                     std::uint32_t seconds = 1) {
    Config config = config_for(endpoint);
    config.retries = 100;
    config.deadline_seconds = seconds;
    return open("b", config);
  }

  static void expect_too_late(const Status& status) {
    expect_words(status, Code::unavailable, {"s3://b/k", "127.0.0.1", "ARRAYMORPH_DEADLINE=1"});
  }

  void TearDown() override { EXPECT_LT(Clock::now() - begin_, kSoon); }

  const Clock::time_point begin_ = Clock::now();
};

TEST_F(S3DeadlineTest, EndsRetries) {
  HttpServer server([](const std::string&, unsigned) { return slow_down(); });
  const Status status = get(*hasty_store_at(server.endpoint()), {"k", {}, {}}).status();
  expect_too_late(status);
  expect_words(status, Code::unavailable, {"attempts", "503"});
}

TEST_F(S3DeadlineTest, EndsASilentAttempt) {
  HttpServer server([](const std::string&, unsigned) { return std::string(); });
  expect_too_late(get(*hasty_store_at(server.endpoint()), {"k", {}, {}}).status());
  EXPECT_EQ(server.requests(), 1u);
}

TEST_F(S3DeadlineTest, EndsASlowDrip) {
  HttpServer server([](const std::string&, unsigned) {
    return HttpServer::answer("200 OK", std::string(10000, 'x'), HttpServer::kDrip);
  });
  const Status status = get(*hasty_store_at(server.endpoint()), {"k", {}, {}}).status();
  expect_too_late(status);
  expect_words(status, Code::unavailable, {"1 attempt ", "not answered in full"});
}

// What a server claims to send buys it no time.
TEST_F(S3DeadlineTest, EndsASlowDripOfAnEnormousBody) {
  HttpServer server([](const std::string&, unsigned) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n" + std::string(HttpServer::kDrip) +
           "\r\n" + std::string(10000, 'x');
  });
  expect_too_late(get(*hasty_store_at(server.endpoint()), {"k", {}, {}}).status());
}

TEST_F(S3DeadlineTest, GivesLargeBodiesTime) {
  HttpServer server([](const std::string&, unsigned) {
    return HttpServer::answer("200 OK", std::string(25, 'x'), HttpServer::kDrip);
  });
  // 2.5 s for 25 bytes; that much more time for the 256 KiB that might come.
  const auto store = hasty_store_at(server.endpoint());
  const Result<GetReply> reply = get(*store, {"k", {}, {}, 8});
  expect_too_late(reply.status());
  Buffer target(256 << 10);
  const std::string range = "ETag: \"t\"\r\nContent-Range: bytes 0-24/25\r\n";
  HttpServer ranged([&](const std::string&, unsigned) {
    return HttpServer::answer("206 Partial Content", std::string(25, 'x'),
                              range + HttpServer::kDrip);
  });
  const Result<GetReply> large = get(*hasty_store_at(ranged.endpoint()), {"k", {}, target.span()});
  EXPECT_TRUE(large.ok()) << large.status().message();
}

TEST_F(S3DeadlineTest, LeavesOthersAlone) {
  HttpServer server([](const std::string& head, unsigned) {
    return head.find("/slow") != std::string::npos ? std::string()
                                                   : HttpServer::answer("200 OK", "x");
  });
  const auto store = hasty_store_at(server.endpoint(), 3);
  const Status slow = get(*store, {"slow", {}, {}}).status();
  expect_words(slow, Code::unavailable, {"s3://b/slow", "ARRAYMORPH_DEADLINE"});
  EXPECT_TRUE(get(*store, {"k", {}, {}}).ok());
}

// Lost answers of conditional requests.
TEST_F(S3RetryTest, ALostAnswerIsNoConflict) {
  std::string stored = "ours";
  HttpServer server([&](const std::string& head, unsigned n) {
    if (n == 0) return std::string("HTTP/1.1 200 OK\r\nConnection: close\r\n");
    if (head.starts_with("GET")) return HttpServer::answer("200 OK", stored, "ETag: \"t\"\r\n");
    return HttpServer::answer("412 Precondition Failed", error_body("PreconditionFailed"));
  });
  const PutRequest request{"k", bytes("ours"), {PutCondition::Kind::if_match, "\"old\""}, false};
  const Result<PutReply> reply = put(*store_at(server.endpoint()), request);
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply->etag, "\"t\"");
}

TEST_F(S3RetryTest, SomebodyElsesObjectIsAConflict) {
  HttpServer server([&](const std::string& head, unsigned n) {
    if (n == 0) return std::string("HTTP/1.1 200 OK\r\nConnection: close\r\n");
    if (head.starts_with("GET")) return HttpServer::answer("200 OK", "theirs");
    return HttpServer::answer("412 Precondition Failed", error_body("PreconditionFailed"));
  });
  const PutRequest request{"k", bytes("ours"), {PutCondition::Kind::if_match, "\"old\""}, false};
  EXPECT_EQ(put(*store_at(server.endpoint()), request).status().code(), Code::conflict);
}

TEST_F(S3RetryTest, ALostCreationIsNoExistingObject) {
  HttpServer server([&](const std::string& head, unsigned n) {
    if (n == 0) return std::string("HTTP/1.1 200 OK\r\nConnection: close\r\n");
    if (head.starts_with("GET")) return HttpServer::answer("200 OK", "ours", "ETag: \"t\"\r\n");
    return HttpServer::answer("412 Precondition Failed", error_body("PreconditionFailed"));
  });
  const PutRequest request{"k", bytes("ours"), {PutCondition::Kind::if_absent, {}}, false};
  EXPECT_TRUE(put(*store_at(server.endpoint()), request).ok());
}

TEST_F(S3RetryTest, WithoutALostAnswerTheConditionDecides) {
  HttpServer server([&](const std::string& head, unsigned) {
    EXPECT_TRUE(head.starts_with("PUT")) << head;
    return HttpServer::answer("412 Precondition Failed", error_body("PreconditionFailed"));
  });
  const PutRequest request{"k", bytes("ours"), {PutCondition::Kind::if_absent, {}}, false};
  EXPECT_EQ(put(*store_at(server.endpoint()), request).status().code(), Code::already_exists);
  EXPECT_EQ(server.requests(), 1u);
}

TEST_F(S3RetryTest, WhenNobodyCanTellTheOutcomeIsUnknown) {
  HttpServer server([&](const std::string& head, unsigned n) {
    if (n == 0) return std::string("HTTP/1.1 200 OK\r\nConnection: close\r\n");
    if (head.starts_with("GET")) return slow_down();
    return HttpServer::answer("412 Precondition Failed", error_body("PreconditionFailed"));
  });
  const PutRequest request{"k", bytes("ours"), {PutCondition::Kind::if_match, "\"old\""}, false};
  expect_words(put(*store_at(server.endpoint()), request).status(), Code::unavailable,
               {"s3://b/k", "not known whether the object was stored"});
}

TEST_F(S3RetryTest, AConditionalPutThatIsGivenUpMayHaveBeenStored) {
  HttpServer server([](const std::string&, unsigned) {
    return std::string("HTTP/1.1 200 OK\r\nConnection: close\r\n");
  });
  for (const auto kind : {PutCondition::Kind::if_match, PutCondition::Kind::if_absent}) {
    const PutRequest request{"k", bytes("ours"), {kind, "\"old\""}, false};
    expect_words(put(*store_at(server.endpoint()), request).status(), Code::unavailable,
                 {"not known whether the object was stored"});
  }
}

}  // namespace
}  // namespace arraymorph::test
