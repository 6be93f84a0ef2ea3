#include <gtest/gtest.h>

#include "store/s3/list_answer.h"
#include "store/s3/xml.h"

namespace arraymorph::store::s3 {
namespace {

std::string walk(std::string_view document) {
  std::string record;
  const bool ok = walk_xml(
      document,
      [&](std::string_view path, const std::string& value) {
        record += std::string(path) + "=" + value + ";";
      },
      [&](std::string_view path) { record += std::string(path) + ";"; });
  return ok ? record : "malformed";
}

TEST(XmlTest, WalksElementsInOrder) {
  EXPECT_EQ(walk("<?xml version=\"1.0\"?>\n<R xmlns=\"u\"><A>1</A><B><C>2</C><D/></B></R>"),
            "/R/A=1;/R/B/C=2;/R/B/D=;/R/B;/R;");
  EXPECT_EQ(walk("<A></A>"), "/A=;");
  EXPECT_EQ(walk(""), "");
}

TEST(XmlTest, DecodesEntities) {
  EXPECT_EQ(walk("<K>a&amp;b&lt;c&gt;&quot;&apos;</K>"), "/K=a&b<c>\"';");
  EXPECT_EQ(walk("<K>&#65;&#x1F388;&#xe9;&#10;&#x20AC;</K>"), "/K=A🎈é\n€;");
  EXPECT_EQ(walk("<K> spaces kept </K>"), "/K= spaces kept ;");
}

TEST(XmlTest, RefusesWhatIsNotXml) {
  for (const char* wrong : {"<A>", "<A><B></A>", "</A>", "<A>&nonsense;</A>", "<A>&#x;</A>", "<A",
                            "<A>&amp</A>", "<A>&#x110000;</A>", "<A>&#0;</A>", "<A>&#xD800;</A>",
                            "<A/B></A/B>", "<></>", "< A></ A>"}) {
    EXPECT_EQ(walk(wrong), "malformed") << wrong;
  }
}

TEST(XmlTest, RefusesDeepNesting) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  for (int i = 0; i < 100'000; ++i) deep += "<b/>";
  EXPECT_EQ(walk(deep), "malformed");
}

Result<ListReply> list(const std::string& body) {
  return read_list("<ListBucketResult>" + body + "</ListBucketResult>", {"f/", "f/b", 10}, "LIST");
}

std::string key(const std::string& name) { return "<Contents><Key>" + name + "</Key></Contents>"; }

TEST(ListAnswerTest, IsAPageOfObjects) {
  const auto page = list(
      "<IsTruncated>true</IsTruncated><Contents><Key>f/c</Key><Size>7</Size><ETag>e</ETag>"
      "</Contents>" +
      key("f/ba"));
  ASSERT_TRUE(page.ok()) << page.status().message();
  ASSERT_EQ(page->objects.size(), 2u);
  EXPECT_EQ(page->objects[0].key, "f/ba");
  EXPECT_EQ(page->objects[1].size, 7u);
  EXPECT_EQ(page->objects[1].etag, "\"e\"");
  EXPECT_EQ(page->next, "f/c");
  EXPECT_TRUE(list("")->objects.empty());
  std::string many;
  for (char c = 'c'; c < 'p'; ++c) many += key(std::string("f/") + c);
  EXPECT_EQ(list(many)->objects.size(), 10u);
  EXPECT_EQ(list(many)->next, "f/l");
  EXPECT_TRUE(read_list("<ListBucketResult/>", {}, "LIST").ok());
}

Result<ListReply> list_folders(const std::string& body) {
  ListRequest request{"f/", "token", 10};
  request.delimited = true;
  return read_list("<ListBucketResult>" + body + "</ListBucketResult>", request, "LIST");
}

std::string folder(const std::string& name) {
  return "<CommonPrefixes><Prefix>" + name + "</Prefix></CommonPrefixes>";
}

TEST(ListAnswerTest, MayBeAPageOfFolders) {
  const auto page = list_folders(
      "<Prefix>f/</Prefix><IsTruncated>true</IsTruncated><NextContinuationToken>more"
      "</NextContinuationToken>" +
      folder("f/z/") + folder("f/d/") + key("f/") + key("f/c") + key("f/d/deep/er"));
  ASSERT_TRUE(page.ok()) << page.status().message();
  ASSERT_EQ(page->objects.size(), 1u);  // the folder's own marker is nothing in it
  EXPECT_EQ(page->objects[0].key, "f/c");
  EXPECT_EQ(page->prefixes, (std::vector<std::string>{"f/d/", "f/z/"}));
  EXPECT_EQ(page->next, "more");
  EXPECT_TRUE(list_folders("")->prefixes.empty());
  for (const std::string& body :
       {folder("g/"), folder("f/"), folder("f/x"), folder("f/x/y/"), key("g/x"),
        std::string("<IsTruncated>true</IsTruncated>"),
        std::string("<IsTruncated>true</IsTruncated><NextContinuationToken>token"
                    "</NextContinuationToken>")}) {
    EXPECT_EQ(list_folders(body).status().code(), Code::corrupt) << body;
  }
}

TEST(ListAnswerTest, RefusesWhatWasNotAskedFor) {
  for (const std::string& body :
       {key("g/x"), key("f/a"), key("f/b"), key(""), std::string("<Contents/><Contents></A>"),
        std::string("<IsTruncated>true</IsTruncated>"),
        std::string("<Contents><Key>f/c</Key><Size>-1</Size></Contents>"),
        std::string("<Contents><Key>f/c</Key><Size>18446744073709551616</Size></Contents>")}) {
    EXPECT_EQ(list(body).status().code(), Code::corrupt) << body;
  }
  for (const char* other :
       {"", "<html><body>hello</body></html>", "<Error><Code>x</Code></Error>"}) {
    EXPECT_EQ(read_list(other, {}, "LIST").status().code(), Code::corrupt) << other;
  }
}

}  // namespace
}  // namespace arraymorph::store::s3
