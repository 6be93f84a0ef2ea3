// The region that a server names is used, once. The answers are AWS's and Garage's; Garage itself
// is asked in tests/python/test_wrong_settings.py.
#include <atomic>
#include <string>
#include <vector>

#include "conformance/s3_faults.h"

namespace arraymorph::test {
namespace {

std::string malformed(const std::string& region) {
  return HttpServer::answer("400 Bad Request",
                            "<Error><Code>AuthorizationHeaderMalformed</Code><Message>words"
                            "</Message><Region>" +
                                region + "</Region></Error>");
}

bool signed_for(const std::string& head, const std::string& region) {
  return head.find("/" + region + "/s3/aws4_request") != std::string::npos;
}

// A server in region "there".
std::string serve(const std::string& head) {
  if (signed_for(head, "there")) return HttpServer::answer("200 OK", "x", "ETag: \"t\"\r\n");
  return head.starts_with("HEAD ") ? "HTTP/1.1 400 Bad Request\r\nContent-Length: 9\r\n\r\n"
                                   : malformed("there");
}

class S3RegionTest : public S3Faults {};

TEST_F(S3RegionTest, OneRequestMoreInAll) {
  HttpServer server([](const std::string& head, unsigned) { return serve(head); });
  const auto store = store_at(server.endpoint());
  const std::string identity = store->identity();
  for (int i = 0; i < 3; ++i) {
    const Result<GetReply> reply = get(*store, {"k", {}, {}});
    ASSERT_TRUE(reply.ok()) << reply.status().message();
  }
  EXPECT_TRUE(put(*store, {"k", bytes("x"), {}, false}).ok());
  EXPECT_EQ(server.requests(), 5u);
  EXPECT_EQ(store->identity(), identity);
}

TEST_F(S3RegionTest, ManyRequestsAtOnce) {
  HttpServer server([](const std::string& head, unsigned) { return serve(head); });
  const auto store = store_at(server.endpoint());
  constexpr unsigned kRequests = 100;
  std::atomic<unsigned> succeeded{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (unsigned n = 0; n < kRequests / 4; ++n) {
        if (get(*store, {"k", {}, {}}).ok()) ++succeeded;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(succeeded, kRequests);
  EXPECT_GE(server.requests(), kRequests + 1);
  EXPECT_LE(server.requests(), kRequests + 4);
}

TEST_F(S3RegionTest, AHeadAsksForTheWords) {
  HttpServer server([](const std::string& head, unsigned) { return serve(head); });
  const auto store = store_at(server.endpoint());
  const Result<ObjectInfo> found = head(*store, "k");
  ASSERT_TRUE(found.ok()) << found.status().message();
  EXPECT_EQ(server.requests(), 3u);
}

TEST_F(S3RegionTest, ARefusedHeadSaysWhy) {
  HttpServer server([](const std::string& head, unsigned) {
    return head.starts_with("HEAD ")
               ? "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n"
               : HttpServer::answer("403 Forbidden", error_body("InvalidAccessKeyId"));
  });
  expect_words(head(*store_at(server.endpoint()), "k").status(), Code::permission_denied,
               {"InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"});
  EXPECT_EQ(server.requests(), 2u);
}

TEST_F(S3RegionTest, AHeadThatIsRefusedAloneFails) {
  HttpServer server([](const std::string& head, unsigned) {
    return head.starts_with("HEAD ") ? "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\n"
                                     : HttpServer::answer("200 OK", "x");
  });
  EXPECT_FALSE(head(*store_at(server.endpoint()), "k").ok());
}

TEST_F(S3RegionTest, ASecondRegionIsNotFollowed) {
  HttpServer server([](const std::string& head, unsigned) {
    return malformed(signed_for(head, "there") ? "elsewhere" : "there");
  });
  const auto store = store_at(server.endpoint());
  expect_words(get(*store, {"k", {}, {}}).status(), Code::invalid_argument,
               {"not in there", "AWS_REGION=elsewhere", "refused region us-east-1"});
  EXPECT_EQ(server.requests(), 2u);
  EXPECT_FALSE(get(*store, {"k", {}, {}}).ok());
  EXPECT_EQ(server.requests(), 3u);
}

TEST_F(S3RegionTest, TheSecondFailureSaysBoth) {
  HttpServer server([](const std::string& head, unsigned) {
    return signed_for(head, "there")
               ? HttpServer::answer("403 Forbidden", error_body("SignatureDoesNotMatch"))
               : malformed("there");
  });
  expect_words(get(*store_at(server.endpoint()), {"k", {}, {}}).status(), Code::permission_denied,
               {"AWS_SECRET_ACCESS_KEY", "refused region us-east-1 and asked for there"});
}

}  // namespace
}  // namespace arraymorph::test
