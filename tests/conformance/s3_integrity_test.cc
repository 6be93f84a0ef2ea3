// What the S3 store believes of what a server answers.
#include <string>

#include "conformance/s3_faults.h"
#include "runtime/checksum.h"
#include "runtime/stats.h"
#include "store/wrap/checksums.h"

namespace arraymorph::test {
namespace {

class S3IntegrityTest : public S3Faults {
 protected:
  static std::string part(const std::string& range, const std::string& body) {
    return HttpServer::answer("206 Partial Content", body,
                              "ETag: \"t\"\r\nContent-Range: " + range + "\r\n");
  }
};

TEST_F(S3IntegrityTest, ServersThatIgnoreRangesAreNoticed) {
  HttpServer server(
      [](const std::string&, unsigned) { return HttpServer::answer("200 OK", "0123456789"); });
  expect_words(get(*store_at(server.endpoint()), {"k", ByteRange{2, 3}, {}}).status(),
               Code::unsupported, {"Range"});
}

TEST_F(S3IntegrityTest, ServersThatIgnoreRangesStillGiveWholeObjects) {
  const std::string large(100000, 'x');
  HttpServer server([&](const std::string&, unsigned) {
    return HttpServer::answer("200 OK", large, "ETag: \"t\"\r\n");
  });
  const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", {}, {}, large.size()});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(text(reply->body), large);
  EXPECT_LE(server.requests(), 2u);
  expect_words(get(*store_at(server.endpoint()), {"k", ByteRange{0, 50000}, {}}).status(),
               Code::unsupported, {"Range"});
}

TEST_F(S3IntegrityTest, AShortBodyIsNoticed) {
  HttpServer server([](const std::string&, unsigned) {
    return HttpServer::answer("206 Partial Content", std::string(50000, 'x'),
                              "ETag: \"t\"\r\nContent-Range: bytes 0-99999/100000\r\n");
  });
  Buffer target(100000);
  expect_words(get(*store_at(server.endpoint()), {"k", {}, target.span()}).status(), Code::corrupt,
               {"50000 of 100000"});
}

TEST_F(S3IntegrityTest, ABodyCutOffIsFetchedAgain) {
  const std::string large(100000, 'x');
  HttpServer server([&](const std::string&, unsigned n) {
    const std::string range = "ETag: \"t\"\r\nContent-Range: bytes 0-99999/100000\r\n";
    if (n > 0) return HttpServer::answer("206 Partial Content", large, range);
    return "HTTP/1.1 206 Partial Content\r\nContent-Length: 100000\r\n" + range +
           "Connection: close\r\n\r\nabc";
  });
  Buffer target(100000);
  const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", {}, target.span()});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(text(target), large);
  EXPECT_EQ(server.requests(), 2u);
}

TEST_F(S3IntegrityTest, AnotherRangeThanTheOneAskedForIsRefused) {
  for (const char* range :
       {"bytes 0-9/100", "bytes 11-20/100", "bytes 10-29/100", "bytes 10-14/100", "bytes 10-19/15",
        "bytes 19-10/100", "garbage", "bytes 10-19", "bytes -19/100", "bytes 10-19/x",
        "bytes 10-18446744073709551615/*", "bytes 10-9223372036854775808/9223372036854775809",
        "bytes 99999999999999999999-99999999999999999999/*", "octets 10-19/100", ""}) {
    HttpServer server(
        [&](const std::string&, unsigned) { return part(range, std::string(10, 'x')); });
    expect_words(get(*store_at(server.endpoint()), {"k", ByteRange{10, 10}, {}}).status(),
                 Code::corrupt, {"GET s3://b/k", "10-19"});
    EXPECT_EQ(server.requests(), 2u) << range;
  }
}

TEST_F(S3IntegrityTest, AnotherLargeRangeIsRefused) {
  const std::string body(100000, 'x');
  for (const char* range : {"bytes 0-99999/1000000", "bytes 5-100004/1000000", "garbage",
                            "bytes 100000-199999/150000"}) {
    HttpServer server([&](const std::string&, unsigned) { return part(range, body); });
    Buffer target(body.size());
    expect_words(
        get(*store_at(server.endpoint()), {"k", ByteRange{100000, 100000}, target.span()}).status(),
        Code::corrupt, {"GET s3://b/k"});
  }
}

TEST_F(S3IntegrityTest, TheRangeAskedForIsTaken) {
  for (const char* range : {"bytes 10-19/100", "bytes 10-19/20"}) {
    HttpServer server([&](const std::string&, unsigned) { return part(range, "0123456789"); });
    const Result<GetReply> reply = get(*store_at(server.endpoint()), {"k", ByteRange{10, 10}, {}});
    ASSERT_TRUE(reply.ok()) << reply.status().message();
    EXPECT_EQ(text(reply->body), "0123456789");
  }
  HttpServer server([&](const std::string&, unsigned) { return part("bytes 10-14/15", "01234"); });
  EXPECT_EQ(get(*store_at(server.endpoint()), {"k", ByteRange{10, 10}, {}})->received, 5u);
}

TEST_F(S3IntegrityTest, APartIsNoWhole) {
  HttpServer server(
      [&](const std::string&, unsigned) { return part("bytes 0-9/100", "0123456789"); });
  expect_words(get(*store_at(server.endpoint()), {"k", {}, {}}).status(), Code::corrupt,
               {"bytes 0-9/100", "as a whole"});
}

TEST_F(S3IntegrityTest, AbsurdLengthsAreRefusedWithoutMemory) {
  for (const char* length : {"1152921504606846976", "9223372036854775807"}) {
    HttpServer server([&](const std::string&, unsigned) {
      return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::string(length) +
             "\r\n\r\nabc";
    });
    const auto store = store_at(server.endpoint());
    expect_words(get(*store, {"k", {}, {}}).status(), Code::corrupt, {"GET s3://b/k", length});
    EXPECT_EQ(server.requests(), 1u);
    expect_words(head(*store, "k").status(), Code::corrupt, {"HEAD s3://b/k", length});
    expect_words(list(*store, {"k", {}}).status(), Code::corrupt, {length});
  }
}

// 100 GB are an object's right, but they have to come.
TEST_F(S3IntegrityTest, LengthsThatNeverComeTakeNoMemory) {
  HttpServer server([&](const std::string&, unsigned) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\nConnection: close\r\n\r\nabc";
  });
  Config config = config_for(server.endpoint());
  config.retries = 0;
  expect_words(get(*open("b", config), {"k", {}, {}}).status(), Code::unavailable,
               {"GET s3://b/k", "broke off"});
}

TEST_F(S3IntegrityTest, LongerBodiesThanTheCallersMemoryAreCorrupt) {
  HttpServer server(
      [&](const std::string&, unsigned) { return HttpServer::answer("200 OK", "0123456789"); });
  Buffer target(5);
  expect_words(get(*store_at(server.endpoint()), {"k", {}, target.span()}).status(), Code::corrupt,
               {"longer than expected"});
}

// Lists of objects.
std::string page(const std::string& keys, bool truncated) {
  std::string body = "<ListBucketResult><IsTruncated>" + std::string(truncated ? "true" : "false") +
                     "</IsTruncated>";
  for (const char key : keys) {
    body += "<Contents><Key>p/" + std::string(1, key) + "</Key><Size>1</Size></Contents>";
  }
  return HttpServer::answer("200 OK", body + "</ListBucketResult>");
}

TEST_F(S3IntegrityTest, APageThatRepeatsForEverEnds) {
  HttpServer server([&](const std::string&, unsigned) { return page("abc", true); });
  expect_words(list_all(*store_at(server.endpoint()), "p/").status(), Code::corrupt,
               {"p/a", "was not asked for"});
  EXPECT_EQ(server.requests(), 2u);
}

TEST_F(S3IntegrityTest, KeysOfElsewhereAreRefused) {
  HttpServer server([&](const std::string&, unsigned) { return page("abc", false); });
  expect_words(list_all(*store_at(server.endpoint()), "q/").status(), Code::corrupt, {"p/a"});
}

TEST_F(S3IntegrityTest, AListThatIsCutOffBeforeItsFirstKeyIsRefused) {
  HttpServer server([&](const std::string&, unsigned) { return page("", true); });
  expect_words(list_all(*store_at(server.endpoint()), "p/").status(), Code::corrupt, {"p/"});
}

TEST_F(S3IntegrityTest, MoreThanAskedForIsCutOff) {
  HttpServer server([&](const std::string&, unsigned) { return page("abc", false); });
  const Result<ListReply> reply = list(*store_at(server.endpoint()), {"p/", {}, 2});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply->objects.size(), 2u);
  EXPECT_EQ(reply->next, "p/b");
}

TEST_F(S3IntegrityTest, EndlessPagesAreRefused) {
  HttpServer server([&](const std::string&, unsigned) {
    return HttpServer::answer("200 OK", std::string(20u << 20, ' '));
  });
  expect_words(list(*store_at(server.endpoint()), {"p/", {}}).status(), Code::corrupt,
               {"longer than expected"});
}

// Checksums.
std::string with_checksum(const std::string& body, std::uint32_t checksum,
                          const std::string& etag = "t") {
  return HttpServer::answer("200 OK", body,
                            "ETag: \"" + etag + "\"\r\nx-amz-meta-arraymorph-crc32c: " +
                                checksum_text(checksum) + "\r\n");
}

TEST_F(S3IntegrityTest, DamagedBytesAreFetchedOnceMore) {
  const std::uint32_t good = crc32c(bytes("good")->span());
  reset_stats();
  HttpServer server([&](const std::string&, unsigned n) {
    return with_checksum(n == 0 ? "goOd" : "good", good);
  });
  const auto store = store::with_checksums(store_at(server.endpoint()), Checksums::crc32c);
  const Result<GetReply> reply = get(*store, {"k", {}, {}});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(text(reply->body), "good");
  EXPECT_EQ(server.requests(), 2u);
  EXPECT_EQ(stats().retries, 1u);
}

TEST_F(S3IntegrityTest, BytesThatStayDamagedAreCorrupt) {
  const std::uint32_t good = crc32c(bytes("good")->span());
  HttpServer server([&](const std::string&, unsigned) { return with_checksum("goOd", good); });
  const auto inner = store_at(server.endpoint());
  expect_words(get(*store::with_checksums(inner, Checksums::crc32c), {"k", {}, {}}).status(),
               Code::corrupt, {"s3://b/k", "CRC-32C", checksum_text(good).c_str()});
  EXPECT_EQ(server.requests(), 2u);
  Buffer target(4);
  expect_words(
      get(*store::with_checksums(inner, Checksums::crc32c), {"k", {}, target.span()}).status(),
      Code::corrupt, {"s3://b/k"});
  EXPECT_TRUE(get(*store::with_checksums(inner, Checksums::off), {"k", {}, {}}).ok());
}

TEST_F(S3IntegrityTest, ABodyDamagedOnItsWayIsSentAgain) {
  std::vector<std::string> heads;
  HttpServer server([&](const std::string& head, unsigned n) {
    heads.push_back(head);
    if (n == 0) {
      return HttpServer::answer("400 Bad Request", "<Error><Code>BadDigest</Code></Error>");
    }
    return HttpServer::answer("200 OK", "", "ETag: \"t\"\r\n");
  });
  PutRequest request{"k", bytes("123456789"), {}, false};
  request.checksum = crc32c(request.body->span());
  ASSERT_EQ(*request.checksum, 0xe3069283u);  // the check value of CRC-32C
  EXPECT_TRUE(put(*store_at(server.endpoint()), request).ok());
  ASSERT_EQ(heads.size(), 2u);
  EXPECT_NE(heads[1].find("x-amz-checksum-crc32c: 4waSgw==\r\n"), std::string::npos) << heads[1];
}

TEST_F(S3IntegrityTest, EntityTagsAreVerifiedWhereWanted) {
  const std::string md5 = md5_hex(bytes("good")->span());
  EXPECT_EQ(md5, "755f85c2723bb39381c7379a604160d8");
  std::string body = "good";
  std::string etag = md5;
  HttpServer server([&](const std::string&, unsigned) {
    return HttpServer::answer("200 OK", body, "ETag: \"" + etag + "\"\r\n");
  });
  const auto inner = store_at(server.endpoint());
  const auto strict = store::with_checksums(inner, Checksums::etag);
  EXPECT_TRUE(get(*strict, {"k", {}, {}}).ok());
  body = "goOd";
  expect_words(get(*strict, {"k", {}, {}}).status(), Code::corrupt, {"s3://b/k", "MD5"});
  EXPECT_TRUE(get(*store::with_checksums(inner, Checksums::crc32c), {"k", {}, {}}).ok());
  etag = md5 + "-2";  // of a multipart upload
  EXPECT_TRUE(get(*strict, {"k", {}, {}}).ok());
}

}  // namespace
}  // namespace arraymorph::test
