// What a server says in answers whose bodies the engine keeps to itself.
#include <thread>
#include <vector>

#include "conformance/s3_faults.h"

namespace arraymorph::test {
namespace {

class S3InquiryTest : public S3Faults {
 protected:
  static Config few_retries(const std::string& endpoint) {
    Config config = config_for(endpoint);
    config.retries = 1;
    return config;
  }

  static std::string no_quorum() {
    return HttpServer::answer("503 Service Unavailable",
                              "<Error><Code>ServiceUnavailable</Code><Message>Internal error: "
                              "Could not reach quorum of 2</Message></Error>");
  }
};

TEST_F(S3InquiryTest, TheWordsAreShown) {
  std::string last;
  HttpServer server([&](const std::string& head, unsigned) {
    last = head;
    return no_quorum();
  });
  const auto store = open("b", few_retries(server.endpoint()));
  expect_words(
      put(*store, {"a b", bytes("abc"), {}, false}).status(), Code::unavailable,
      {"PUT s3://b/a b: 503 ServiceUnavailable", "Could not reach quorum of 2", "`garage status`"});
  EXPECT_EQ(server.requests(), 3u);
  // The same request, signed.
  EXPECT_TRUE(last.starts_with("PUT /b/a%20b HTTP/1.1\r\n")) << last;
  EXPECT_NE(last.find("uthorization: AWS4-HMAC-SHA256"), std::string::npos) << last;
  EXPECT_NE(last.find("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            std::string::npos)
      << last;
}

TEST_F(S3InquiryTest, OneForAllThatFailTogether) {
  HttpServer server([](const std::string&, unsigned) { return no_quorum(); });
  const auto store = open("b", few_retries(server.endpoint()));
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 8; ++i) {
    threads.emplace_back([&] { EXPECT_FALSE(get(*store, {"k", {}, {}}).ok()); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(server.requests(), 8u * 2 + 1);
}

TEST_F(S3InquiryTest, NoneWithoutRetries) {
  HttpServer server([](const std::string&, unsigned) { return no_quorum(); });
  Config config = config_for(server.endpoint());
  config.retries = 0;
  expect_words(get(*open("b", config), {"k", {}, {}}).status(), Code::unavailable,
               {"503", "`garage status`"});
  EXPECT_EQ(server.requests(), 1u);
}

// Whatever comes instead of words: the failure stays one, and is told once.
TEST_F(S3InquiryTest, OtherAnswers) {
  const std::string large(20u << 20, 'x');
  const std::string silence;
  for (const std::string& answer :
       {HttpServer::answer("200 OK", large), HttpServer::answer("200 OK", ""),
        HttpServer::answer("404 Not Found", error_body("NoSuchKey")),
        HttpServer::answer("503 Oops", ""), HttpServer::answer("503 Oops", large),
        std::string("not http"), std::string("HTTP/1.1 503 Oops\r\nConnection: close\r\n\r\n"),
        silence}) {
    HttpServer server([&](const std::string&, unsigned n) { return n < 2 ? no_quorum() : answer; });
    Config config = few_retries(server.endpoint());
    if (answer == silence) config.timeout_seconds = 2;
    const Clock::time_point begun = Clock::now();
    expect_words(get(*open("b", config), {"k", {}, {}}).status(), Code::unavailable,
                 {"GET s3://b/k: 503", "`garage status`"});
    EXPECT_EQ(server.requests(), 3u);
    EXPECT_LT(Clock::now() - begun, kSoon) << answer.substr(0, 40);
  }
}

}  // namespace
}  // namespace arraymorph::test
