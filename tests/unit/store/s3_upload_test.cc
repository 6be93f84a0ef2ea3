// The XML around uploads in parts; answers are untrusted.
#include <gtest/gtest.h>

#include "store/s3/upload_answer.h"

namespace arraymorph::store::s3 {
namespace {

constexpr std::string_view kList =
    "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>7</NextPartNumberMarker>"
    "<Part><PartNumber>1</PartNumber><Size>3</Size><ETag>&quot;ab&quot;</ETag></Part>"
    "<Part><PartNumber>7</PartNumber><Size>5</Size><ETag>\"cd\"</ETag></Part></ListPartsResult>";

TEST(S3Upload, PartsAreNamedByNumberAndTag) {
  EXPECT_EQ(write_parts({{0, "\"a\""}, {4, "<&>"}}),
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag></Part>"
            "<Part><PartNumber>5</PartNumber><ETag>&lt;&amp;&gt;</ETag></Part>"
            "</CompleteMultipartUpload>");
}

TEST(S3Upload, ReadsIds) {
  const auto id = read_upload_id(
      "<InitiateMultipartUploadResult><UploadId>x/y+z</UploadId></InitiateMultipartUploadResult>",
      "POST");
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(*id, "x/y+z");
  for (const char* wrong : {"", "<a/>", "<InitiateMultipartUploadResult>", "<Error></Error>",
                            "<InitiateMultipartUploadResult><UploadId></UploadId>"
                            "</InitiateMultipartUploadResult>"}) {
    EXPECT_EQ(read_upload_id(wrong, "POST").status().code(), Code::corrupt) << wrong;
  }
}

TEST(S3Upload, ReadsListsOfParts) {
  const auto page = read_parts(kList, "GET");
  ASSERT_TRUE(page.ok()) << page.status().message();
  ASSERT_EQ(page->parts.size(), 2u);
  EXPECT_EQ(page->parts[0].number, 1u);
  EXPECT_EQ(page->parts[0].etag, "\"ab\"");
  EXPECT_EQ(page->parts[1].size, 5u);
  EXPECT_EQ(page->next, 7u);
}

TEST(S3Upload, RefusesWhatIsNoListOfParts) {
  for (const char* wrong :
       {"", "<html></html>", "<ListPartsResult><Part><Size>x</Size></Part></ListPartsResult>",
        "<ListPartsResult><IsTruncated>true</IsTruncated></ListPartsResult>"}) {
    EXPECT_EQ(read_parts(wrong, "GET").status().code(), Code::corrupt) << wrong;
  }
}

TEST(S3Upload, AnErrorMayComeWithStatus200) {
  const auto good = read_completed(
      "<CompleteMultipartUploadResult><ETag>\"x-2\"</ETag></CompleteMultipartUploadResult>", "POST");
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good->etag, "\"x-2\"");
  const auto failed =
      read_completed("<Error><Code>InternalError</Code><Message>busy</Message></Error>", "POST");
  EXPECT_EQ(failed.status().code(), Code::unavailable);
  EXPECT_NE(failed.status().message().find("InternalError: busy"), std::string::npos);
  EXPECT_EQ(read_completed("", "POST").status().code(), Code::corrupt);
}

}  // namespace
}  // namespace arraymorph::store::s3
