#include <gtest/gtest.h>

#include "runtime/checksum.h"
#include "store/s3/request.h"

namespace arraymorph::store::s3 {
namespace {

ConstByteSpan bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string body_of(const Request& request) {
  return {reinterpret_cast<const char*>(request.answer.body.data()), request.answer.received};
}

TEST(S3RequestTest, EncodesAllButUnreservedCharacters) {
  EXPECT_EQ(encode_path("a/b-c_d.e~9"), "a/b-c_d.e~9");
  EXPECT_EQ(encode_path("a b+c%d"), "a%20b%2Bc%25d");
  EXPECT_EQ(encode_path("ü"), "%C3%BC");
  EXPECT_EQ(encode_query("a/b=c"), "a%2Fb%3Dc");
}

TEST(S3RequestTest, CollectsTheAnswer) {
  Request request;
  request.on_header("ETag", "\"tag\"");
  request.on_header("CONTENT-LENGTH", "6");
  request.on_header("Content-Range", "bytes 0-5/10");
  request.on_body(bytes("abc"));
  request.on_body(bytes("def"));
  EXPECT_EQ(request.answer.etag, "\"tag\"");
  EXPECT_EQ(request.answer.content_range, "bytes 0-5/10");
  EXPECT_EQ(request.answer.body.size(), 6u);
  EXPECT_EQ(body_of(request), "abcdef");
  request.begin_attempt();
  EXPECT_EQ(request.answer.received, 0u);
}

TEST(S3RequestTest, GrowsWhereTheLengthIsUnknown) {
  Request request;
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    request.on_body(bytes("0123456789"));
    expected += "0123456789";
  }
  EXPECT_EQ(body_of(request), expected);
}

TEST(S3RequestTest, ParsesContentRangesStrictly) {
  const auto range = parse_content_range("bytes 10-19/100");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 10u);
  EXPECT_EQ(range->last, 19u);
  EXPECT_EQ(range->total, 100u);
  EXPECT_EQ(parse_content_range("bytes 0-0/*")->total, std::nullopt);
  EXPECT_EQ(total_of("bytes 0-99/1234"), 1234u);
  EXPECT_EQ(total_of("bytes 0-99/*"), 0u);
  for (const char* wrong :
       {"", "bytes", "bytes 1-2", "1-2/3", "bytes 2-1/3", "bytes 1-3/3", "bytes -1/3", "bytes 1-/3",
        "bytes 1-2/", "bytes 1-2/3x", "bytes 1-2/-3", "bytes +1-2/3", "bytes 1 -2/3", "bytes */3",
        "bytes 0-9223372036854775808/*", "bytes 0-1/18446744073709551616", "bytes 1/2-3"}) {
    EXPECT_FALSE(parse_content_range(wrong)) << wrong;
    EXPECT_EQ(total_of(wrong), 0u) << wrong;
  }
}

TEST(S3RequestTest, TakesNoMemoryForWhatIsOnlyAnnounced) {
  Request request;
  request.on_header("Content-Length", "1000000000000000");
  ASSERT_TRUE(request.on_body(bytes("abc")));
  EXPECT_LE(request.answer.body.size(), 256u << 20);
  request.begin_attempt();
  request.on_header("Content-Length", "99999999999999999999");
  EXPECT_FALSE(request.answer.has_length);
}

TEST(S3RequestTest, TakesNoMoreThanAllowed) {
  Request request;
  request.most = 5;
  EXPECT_TRUE(request.on_body(bytes("abc")));
  EXPECT_FALSE(request.on_body(bytes("def")));
  EXPECT_TRUE(request.overflow);
}

TEST(S3RequestTest, ReadsChecksums) {
  Request request;
  request.on_header("X-Amz-Meta-Arraymorph-Crc32c", "00c0ffee");
  EXPECT_EQ(request.answer.checksum, 0xc0ffeeu);
  EXPECT_EQ(checksum_text(0xc0ffee), "00c0ffee");
  for (const char* wrong : {"", "c0ffee", "00c0ffeeg", "0x00c0ffee", "00C0FFEX", "-0c0ffee"}) {
    EXPECT_FALSE(parse_checksum(wrong)) << wrong;
  }
}

TEST(S3RequestTest, NeverWritesPastTheCallersMemory) {
  Buffer target(5);
  Request request;
  request.into = target.span();
  request.on_body(bytes("abc"));
  EXPECT_FALSE(request.overflow);
  request.on_body(bytes("def"));
  EXPECT_TRUE(request.overflow);
}

TEST(S3RequestTest, HashesPayloads) {
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(md5_hex(bytes("abc")), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(sha256_hex(bytes("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace arraymorph::store::s3
