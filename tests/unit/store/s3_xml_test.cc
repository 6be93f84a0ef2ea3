#include <gtest/gtest.h>

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
                            "<A>&amp</A>", "<A>&#x110000;</A>"}) {
    EXPECT_EQ(walk(wrong), "malformed") << wrong;
  }
}

}  // namespace
}  // namespace arraymorph::store::s3
