// The contract of ObjectStore for plain files on web servers: one whose answers the test chooses,
// and SeaweedFS, which shows its objects to everybody under SEAWEED_PUBLIC_URL.
#include "store/http/http_store.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>

#include "conformance/s3_faults.h"
#include "store/locate.h"
#include "store/open.h"

namespace arraymorph::test {
namespace {

using store::make_http_store;

constexpr const char* kTag = "ETag: \"tag-1\"\r\n";
constexpr const char* kDate = "Last-Modified: Wed, 25 Nov 2026 22:10:11 GMT\r\n";

std::string content_of(std::size_t size) {
  std::string content(size, '\0');
  for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>('a' + i * i % 23);
  return content;
}

std::string target_of(const std::string& head) {
  const std::size_t begin = head.find(' ') + 1;
  return head.substr(begin, head.find(' ', begin) - begin);
}

std::optional<ByteRange> range_of(const std::string& head) {
  const std::size_t at = head.find("Range: bytes=");
  if (at == std::string::npos) return std::nullopt;
  const std::size_t first = std::stoull(head.substr(at + 13));
  const std::size_t last = std::stoull(head.substr(head.find('-', at) + 1));
  return ByteRange{first, last - first + 1};
}

// What a web server with ranges answers.
std::string serve(const std::string& head, const std::string& content, const std::string& headers) {
  const auto range = range_of(head);
  if (!range) return HttpServer::answer("200 OK", content, headers);
  const std::string total = "/" + std::to_string(content.size());
  if (range->offset >= content.size()) {
    return HttpServer::answer("416 Range Not Satisfiable", "",
                              "Content-Range: bytes *" + total + "\r\n");
  }
  const std::string part = content.substr(range->offset, range->length);
  return HttpServer::answer("206 Partial Content", part,
                            "Content-Range: bytes " + std::to_string(range->offset) + "-" +
                                std::to_string(range->offset + part.size() - 1) + total + "\r\n" +
                                headers);
}

std::string redirect(const std::string& status, const std::string& location) {
  return HttpServer::answer(status, "<html>elsewhere</html>", "Location: " + location + "\r\n");
}

class HttpStoreTest : public testing::Test {
 protected:
  static Config config() {
    Config config;
    config.retries = 2;
    return config;
  }

  static std::shared_ptr<ObjectStore> store_at(const HttpServer& server) {
    return make_http_store(server.endpoint(), config());
  }

  static Result<GetReply> part(ObjectStore& store, const std::string& key, std::uint64_t offset,
                               std::uint64_t length) {
    return get(store, {key, ByteRange{offset, length}, {}});
  }

  static void expect_part(ObjectStore& store, const std::string& key, const std::string& content,
                          std::uint64_t offset, std::uint64_t length) {
    const auto reply = part(store, key, offset, length);
    ASSERT_TRUE(reply.ok()) << reply.status().message();
    EXPECT_EQ(text(reply->body), content.substr(offset, length));
    EXPECT_EQ(reply->received, std::min<std::uint64_t>(length, content.size() - offset));
    EXPECT_EQ(reply->object_size, content.size());
    EXPECT_FALSE(reply->etag.empty());
  }

  // The contract, on any server.
  static void expect_reads(ObjectStore& store, const std::string& key, const std::string& content) {
    const auto whole = get(store, {key, {}, {}});
    ASSERT_TRUE(whole.ok()) << whole.status().message();
    EXPECT_EQ(text(whole->body), content);
    EXPECT_EQ(whole->object_size, content.size());
    expect_part(store, key, content, 0, 1);
    expect_part(store, key, content, 0, 40000);
    expect_part(store, key, content, 7, 100);
    expect_part(store, key, content, content.size() - 1, 1);
    expect_part(store, key, content, content.size() - 10, 1 << 20);
    expect_part(store, key, content, 0, 1 << 20);
    expect_words(part(store, key, content.size(), 1).status(), Code::invalid_argument, {"416"});
    expect_words(part(store, key, content.size() + 5, 100000).status(), Code::invalid_argument,
                 {"416"});
    EXPECT_EQ(part(store, key, 0, 0).status().code(), Code::invalid_argument);

    Buffer into(50000);
    const auto received = get(store, {key, ByteRange{100, 50000}, into.span()});
    ASSERT_TRUE(received.ok()) << received.status().message();
    EXPECT_TRUE(received->body.empty());
    EXPECT_EQ(text(into), content.substr(100, 50000));

    const auto info = head(store, key);
    ASSERT_TRUE(info.ok()) << info.status().message();
    EXPECT_EQ(info->key, key);
    EXPECT_EQ(info->size, content.size());
    EXPECT_EQ(info->etag, whole->etag);
    EXPECT_GT(info->modified, 0);
  }

  static void expect_missing(ObjectStore& store, const std::string& key) {
    expect_words(get(store, {key, {}, {}}).status(), Code::not_found, {"404", "check the URL"});
    EXPECT_EQ(part(store, key, 0, 1 << 20).status().code(), Code::not_found);
    EXPECT_EQ(head(store, key).status().code(), Code::not_found);
  }
};

TEST_F(HttpStoreTest, ReadsPlainFiles) {
  const std::string content = content_of(200000);
  const HttpServer server([&](const std::string& head, unsigned) {
    if (target_of(head) != "/a/b%20c.h5?x=%2F&y=/z") return HttpServer::answer("404 Not Found", "");
    return serve(head, content, std::string(kTag) + kDate);
  });
  const auto store = store_at(server);
  expect_reads(*store, "a/b%20c.h5?x=%2F&y=/z", content);
  expect_missing(*store, "a/b%20d.h5");
  expect_missing(*store, "a/b%20c.h5");
  EXPECT_EQ(store->url(), server.endpoint());
}

TEST_F(HttpStoreTest, ReadsFromARealServer) {
  const char* const base = std::getenv("SEAWEED_PUBLIC_URL");
  if (base == nullptr) GTEST_SKIP() << "no SeaweedFS: SEAWEED_PUBLIC_URL is not set";
  const auto bucket = open(config_from_environment()->bucket, *config_from_environment());
  const std::string name = "http-" + std::to_string(::getpid()) + "/x.h5";
  const std::string content = content_of(3000000);
  ASSERT_TRUE(put(*bucket, {name, bytes(content), {}}).ok());

  const auto location = **store::locate(std::string(base) + "/" + name, Config());
  const auto store = *store::open_store(location, config());
  expect_reads(*store, location.key, content);
  expect_missing(*store, location.key + "-not-there");
  EXPECT_EQ(get(*store, {location.key, {}, {}})->etag, head(*bucket, name)->etag);
  EXPECT_TRUE(remove(*bucket, {name}).ok());
}

TEST_F(HttpStoreTest, ServersWithoutTagsAreAskedInTheirWay) {
  const std::string content = content_of(300000);
  const HttpServer server(
      [&](const std::string& head, unsigned) { return serve(head, content, kDate); });
  const auto store = store_at(server);
  expect_part(*store, "x", content, 0, 100000);
  const unsigned first = server.requests();
  EXPECT_LE(first, 2u);  // that there are no tags is found out once
  for (int i = 0; i < 3; ++i) expect_part(*store, "x", content, i, 100000);
  EXPECT_EQ(server.requests(), first + 3);
  EXPECT_EQ(part(*store, "x", 0, 10)->etag, "Wed, 25 Nov 2026 22:10:11 GMT");
  EXPECT_EQ(head(*store, "x")->modified, 1795644611);
}

TEST_F(HttpStoreTest, NothingButGetsWithoutCredentials) {
  const ScopedVariable key("AWS_ACCESS_KEY_ID", "key");
  const ScopedVariable secret("AWS_SECRET_ACCESS_KEY", "secret");
  std::string seen;
  const HttpServer server([&](const std::string& head, unsigned) {
    seen += head;
    return serve(head, content_of(100), kTag);
  });
  const auto store = store_at(server);
  ASSERT_TRUE(get(*store, {"x?y", {}, {}}).ok());
  ASSERT_TRUE(part(*store, "x", 0, 50).ok());
  ASSERT_TRUE(head(*store, "x").ok());
  expect_words(put(*store, {"x?secret", bytes("x"), {}, false}).status(), Code::unsupported,
               {"/x?*** cannot be written", "arraymorph copy"});
  expect_words(remove(*store, {"x"}), Code::unsupported, {"cannot be removed"});
  expect_words(list_all(*store, "x").status(), Code::unsupported, {"cannot be listed"});
  expect_words(copy(*store, "x", "y"), Code::unsupported, {"cannot be copied"});
  EXPECT_EQ(server.requests(), 3u);
  for (const char* word : {"HEAD ", "uthorization", "x-amz-", "X-Amz-", "secret"}) {
    EXPECT_EQ(seen.find(word), std::string::npos) << seen;
  }
}

TEST_F(HttpStoreTest, RefusalsSayWhy) {
  std::string status;
  const HttpServer server([&](const std::string&, unsigned) {
    return HttpServer::answer(status, error_body("AccessDenied"));
  });
  const auto store = store_at(server);
  const auto refusal = [&](const std::string& key) { return part(*store, key, 0, 1).status(); };
  status = "403 Forbidden";
  const std::string expired =
      "x?X-Amz-Date=20200102T030405Z&X-Amz-Expires=60&X-Amz-Signature=5ec4e7";
  expect_words(
      refusal(expired), Code::permission_denied,
      {"403 AccessDenied: words", "expired on 2020-01-02 03:05:05 UTC", "get a new one", "/x?***"});
  EXPECT_EQ(refusal(expired).message().find("5ec4e7"), std::string::npos);
  EXPECT_EQ(head(*store, expired).status().message().find("5ec4e7"), std::string::npos);
  expect_words(refusal("x?X-Amz-Date=20200102T030405Z&X-Amz-Expires=999999999&X-Amz-Signature=5"),
               Code::permission_denied, {"another method than GET"});
  expect_words(refusal("x"), Code::permission_denied, {"must be public", "s3://bucket/key"});
  status = "401 Unauthorized";
  expect_words(refusal("x"), Code::permission_denied, {"401", "no credentials are sent"});
  status = "400 Bad Request";
  expect_words(refusal("x"), Code::invalid_argument, {"400"});
  expect_words(refusal("x?Expires=5&Signature=x"), Code::permission_denied,
               {"expired on 1970-01-01 00:00:05 UTC"});
  status = "410 Gone";
  expect_words(refusal("x"), Code::not_found, {"410", "gone"});
  status = "405 Method Not Allowed";
  expect_words(refusal("x"), Code::unsupported, {"405"});
  const unsigned before = server.requests();
  status = "503 Service Unavailable";
  expect_words(refusal("x"), Code::unavailable, {"503"});
  EXPECT_EQ(server.requests(), before + 3);  // two retries
}

TEST_F(HttpStoreTest, ServersWithoutRangesAreNamed) {
  const std::string content = content_of(2000000);
  const HttpServer server(
      [&](const std::string&, unsigned) { return HttpServer::answer("200 OK", content, kDate); });
  const auto store = store_at(server);
  expect_words(part(*store, "x", 0, 1 << 20).status(), Code::unsupported,
               {"ignores the Range header", "http.server", "download"});
  expect_words(part(*store, "x", 0, 100).status(), Code::unsupported, {"ignores the Range header"});
  expect_words(head(*store, "x").status(), Code::unsupported, {"ignores the Range header"});
  EXPECT_EQ(server.requests(), 3u);
  EXPECT_EQ(text(get(*store, {"x", {}, {}})->body), content);
}

TEST_F(HttpStoreTest, WrongRangesAreCorrupt) {
  std::string range;
  const HttpServer server([&](const std::string&, unsigned) {
    return HttpServer::answer("206 Partial Content", content_of(100),
                              "Content-Range: " + range + "\r\n" + kTag);
  });
  const auto store = store_at(server);
  for (const char* wrong : {"bytes 1-100/1000", "bytes 0-98/1000", "bytes 0-99/50", "nonsense"}) {
    range = wrong;
    EXPECT_EQ(part(*store, "x", 0, 100).status().code(), Code::corrupt) << wrong;
  }
  range = "bytes 0-99/1000";
  EXPECT_EQ(part(*store, "x", 0, 100)->object_size, 1000u);
  range = "bytes 0-99/*";
  const Status sizeless = part(*store, "x", 0, 100).status();
  EXPECT_FALSE(sizeless.ok());
  EXPECT_NE(sizeless.message().find("Content-Range"), std::string::npos) << sizeless.message();
}

TEST_F(HttpStoreTest, ShortBodiesAreTriedAgain) {
  const std::string content = content_of(100000);
  const HttpServer server([&](const std::string& head, unsigned n) {
    std::string answer = serve(head, content, std::string(kTag) + "Connection: close\r\n");
    if (n < 2) answer.resize(answer.size() - 1000);
    return answer;
  });
  const auto store = store_at(server);
  expect_part(*store, "x", content, 0, 100000);
  EXPECT_EQ(server.requests(), 3u);
}

TEST_F(HttpStoreTest, SilentServersAreGivenUp) {
  const HttpServer server([&](const std::string&, unsigned) { return std::string(); });
  Config hasty = config();
  hasty.retries = 0;
  hasty.timeout_seconds = 1;
  const auto begun = Clock::now();
  expect_words(part(*make_http_store(server.endpoint(), hasty), "x?secret", 0, 1).status(),
               Code::unavailable, {"/x?***"});
  EXPECT_LT(Clock::now() - begun, std::chrono::seconds(20));
}

TEST_F(HttpStoreTest, ServersThatAreNotThereAreNamed) {
  const Status status = part(*make_http_store("http://127.0.0.1:1", config()), "x", 0, 1).status();
  expect_words(status, Code::unavailable, {"refuses connections", "is the URL right?"});
  EXPECT_EQ(status.message().find("AWS_ENDPOINT"), std::string::npos) << status.message();
}

TEST_F(HttpStoreTest, RedirectsAreFollowedAndRemembered) {
  const std::string content = content_of(200000);
  const HttpServer other([&](const std::string& head, unsigned) {
    return target_of(head) == "/file?token=5ec4e7" ? serve(head, content, kTag)
                                                   : HttpServer::answer("404 Not Found", "");
  });
  const std::map<std::string, std::string> chain{
      {"/1", redirect("301 Moved Permanently", "/a/2")},
      {"/a/2", redirect("302 Found", "3")},
      {"/a/3", redirect("303 See Other", "../4")},
      {"/4", redirect("307 Temporary Redirect", "?5")},
      {"/4?5", redirect("308 Permanent Redirect", other.endpoint() + "/file?token=5ec4e7")},
      {"/circle", redirect("302 Found", "/circle")},
      {"/dead", redirect("302 Found", other.endpoint() + "/gone?token=5ec4e7")},
      {"/ftp", redirect("302 Found", "ftp://host/x")},
      {"/nowhere", HttpServer::answer("302 Found", "")}};
  const HttpServer server(
      [&](const std::string& head, unsigned) { return chain.at(target_of(head)); });
  const auto store = store_at(server);
  expect_part(*store, "1", content, 5, 100);
  EXPECT_EQ(server.requests(), 5u);
  expect_part(*store, "1", content, 0, 100000);
  EXPECT_EQ(head(*store, "1")->size, content.size());
  EXPECT_EQ(server.requests(), 5u);
  EXPECT_EQ(other.requests(), 3u);

  expect_words(part(*store, "circle", 0, 1).status(), Code::unavailable, {"more than 5 times"});
  EXPECT_EQ(server.requests(), 11u);
  const Status dead = part(*store, "dead", 0, 1).status();
  expect_words(dead, Code::not_found, {"/gone?***: 404"});
  EXPECT_EQ(dead.message().find("5ec4e7"), std::string::npos) << dead.message();
  expect_words(part(*store, "ftp", 0, 1).status(), Code::invalid_argument, {"no http or https"});
  expect_words(part(*store, "nowhere", 0, 1).status(), Code::invalid_argument,
               {"does not say where to"});
}

TEST_F(HttpStoreTest, ARememberedRedirectMayExpire) {
  const std::string content = content_of(1000);
  std::string good = "/one";
  const HttpServer server([&](const std::string& head, unsigned) {
    if (target_of(head) == "/start") return redirect("302 Found", good);
    return target_of(head) == good ? serve(head, content, kTag)
                                   : HttpServer::answer("403 Forbidden", "");
  });
  const auto store = store_at(server);
  expect_part(*store, "start", content, 0, 10);
  expect_part(*store, "start", content, 0, 20);
  EXPECT_EQ(server.requests(), 3u);
  good = "/two";
  expect_part(*store, "start", content, 0, 30);
  EXPECT_EQ(server.requests(), 6u);
}

TEST_F(HttpStoreTest, EmptyFilesHaveASize) {
  const HttpServer server([](const std::string& head, unsigned) { return serve(head, "", kTag); });
  const auto store = store_at(server);
  EXPECT_EQ(part(*store, "x", 0, 100000).status().code(), Code::invalid_argument);
  EXPECT_EQ(get(*store, {"x", {}, {}})->object_size, 0u);
}

}  // namespace
}  // namespace arraymorph::test
