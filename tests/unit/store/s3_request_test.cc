#include <gtest/gtest.h>

#include "store/s3/payload_hash.h"
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
  EXPECT_EQ(payload_hash({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(payload_hash(bytes("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace arraymorph::store::s3
