#include "vol/catalog.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace arraymorph::vol {
namespace {

Catalog sample() {
  Catalog catalog;
  CatalogEntry entry;
  entry.prefix = "a/b";
  entry.chunk = {10, 20};
  entry.records.filter_masks[{1, 2}] = 3;
  entry.records.versions = {{{0, 1}, "ab-0"}, {{0, 2}, "ab-1"}, {{1, 0}, "ab-0"}};
  entry.records.absent = {{3, 0}, {4, 5}};
  entry.records.shrunk = true;
  catalog.datasets[800] = entry;
  entry.prefix = "c~2";
  entry.contiguous = true;
  entry.alloc_time = 1;
  entry.records = {};
  catalog.datasets[~0ull >> 1] = entry;
  catalog.trash = {"old", "older~2"};
  catalog.sweep_needed = true;
  catalog.external_links = true;
  return catalog;
}

TEST(Catalog, SurvivesItsJson) {
  const auto read = catalog_from_json(to_json(sample()));
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(*read, sample());
  EXPECT_EQ(*catalog_from_json(to_json(Catalog())), Catalog());
}

TEST(Catalog, IsTheJsonThatALibraryWouldWrite) {
  Catalog odd = sample();
  odd.datasets[5].prefix = "a%20b/~2-._/Z";
  odd.datasets[5].chunk = {0, ~0ull};
  odd.datasets[5].records.filter_masks = {{{0, 1}, 1}, {{7, ~0ull}, ~0u}};
  for (const Catalog& catalog : {Catalog(), sample(), odd}) {
    const std::string text = to_json(catalog);
    EXPECT_EQ(text, nlohmann::json::parse(text).dump());
    EXPECT_EQ(*catalog_from_json(text), catalog) << text;
  }
}

TEST(Catalog, RemovedTrashNeedsNoCommit) {
  const Catalog committed = sample();
  Catalog now = committed;
  now.trash.erase("old");
  EXPECT_TRUE(now.stored_by(committed));
  EXPECT_FALSE(committed.stored_by(now));
  now.datasets.erase(800);
  EXPECT_FALSE(now.stored_by(committed));
}

TEST(Catalog, RefusesWhatItDoesNotUnderstand) {
  for (
      const char* text :
      {"", "{", "[]", "null", "{}", R"({"version":1})", R"({"version":-1,"datasets":[]})",
       R"({"version":1,"datasets":{}})", R"({"version":1,"datasets":[1]})",
       R"({"version":1,"datasets":[{"address":1,"prefix":"a"}]})",
       R"({"version":1,"datasets":[{"address":-1,"prefix":"a","chunk":[1]}]})",
       R"({"version":1,"datasets":[{"address":1,"prefix":"a","chunk":["1"]}]})",
       R"({"version":1,"datasets":[{"address":1,"prefix":"a","chunk":[1],"filter_masks":[1]}]})",
       R"({"version":1,"datasets":[{"address":1,"prefix":"a","chunk":[1],"absent":[[1,2]]}]})",
       R"({"version":1,"datasets":[{"address":1,"prefix":"a","chunk":[1],"versions":[]}]})",
       R"({"version":1,"datasets":[{"address":1,"prefix":"a","chunk":[1],"versions":{"":[[1]]}}]})",
       R"({"version":1,"datasets":[{"address":1,"prefix":"a","chunk":[1],"versions":{"../x":[[1]]}}]})",
       R"({"version":1,"datasets":[{"address":1,"prefix":"a","chunk":[1],"versions":{"x":[[1],[1]]}}]})",
       R"({"version":1,"datasets":[],"trash":5})"}) {
    const auto read = catalog_from_json(text);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.status().code(), Code::corrupt) << text;
  }
}

TEST(Catalog, RefusesPrefixesThatLeaveTheFile) {
  for (const char* prefix :
       {"", "/a", "a/", "../x", "a/../b", "..", "a//b", "./a", "a\\u0000b", ".arraymorph", "a/.b",
        ".~arraymorph-1", "a b", "a\\nb", "a\\\\b", "\\u00e9", "\xc3\xa9", "\xff"}) {
    const std::string text = std::string(R"({"version":1,"datasets":[{"address":1,"prefix":")") +
                             prefix + R"(","chunk":[1]}]})";
    EXPECT_FALSE(catalog_from_json(text).ok()) << prefix;
    EXPECT_FALSE(
        catalog_from_json(std::string(R"({"version":1,"datasets":[],"trash":[")") + prefix + "\"]}")
            .ok())
        << prefix;
  }
}

TEST(Catalog, RefusesTwoDatasetsInOnePlace) {
  const std::string one = R"({"address":1,"chunk":[1],"prefix":"a/b"})";
  const auto with = [&](const std::string& more) {
    return catalog_from_json(R"({"version":1,"datasets":[)" + one + more + "}");
  };
  EXPECT_TRUE(with(R"(,{"address":2,"chunk":[1],"prefix":"a/c"}],"trash":["a/d"])").ok());
  for (const char* more : {R"(,{"address":2,"chunk":[1],"prefix":"a/b"}])",
                           R"(,{"address":2,"chunk":[1],"prefix":"a"}])",
                           R"(,{"address":2,"chunk":[1],"prefix":"a/b/c"}])",
                           R"(,{"address":1,"chunk":[1],"prefix":"x"}])", R"(],"trash":["a/b"])",
                           R"(],"trash":["a"])", R"(],"trash":["x","x"])"}) {
    EXPECT_EQ(with(more).status().code(), Code::corrupt) << more;
  }
}

TEST(Catalog, RefusesNumbersThatDoNotFit) {
  for (const char* more :
       {R"("alloc_time":4)", R"("alloc_time":-1)", R"("alloc_time":4294967297)", R"("layout":"x")",
        R"("filter_masks":[[[0],4294967296]])", R"("filter_masks":[[[0,0],1]])",
        R"("filter_masks":[[[0],1],[[0],2]])", R"("filter_masks":[[[0],1.5]])",
        R"("filter_masks":[[[18446744073709551616],1]])"}) {
    const std::string text = R"({"version":1,"datasets":[{"address":1,"prefix":"a","chunk":[1],)" +
                             std::string(more) + "}]}";
    EXPECT_EQ(catalog_from_json(text).status().code(), Code::corrupt) << more;
  }
  EXPECT_EQ(catalog_from_json(R"({"version":1e400,"datasets":[]})").status().code(), Code::corrupt);
}

TEST(Catalog, RefusesDeepNesting) {
  for (const char* open : {"[", "{\"a\":"}) {
    std::string text;
    for (int i = 0; i < 1'000'000; ++i) text += open;
    EXPECT_EQ(catalog_from_json(text).status().code(), Code::corrupt);
  }
  // Brackets inside strings are none.
  const std::string brackets(1000, '[');
  EXPECT_TRUE(catalog_from_json(R"({"version":1,"datasets":[],"x":"\")" + brackets + "\"}").ok());
}

TEST(Catalog, NamesALaterVersion) {
  for (const char* version : {"2", "4294967297"}) {
    const auto read =
        catalog_from_json(std::string(R"({"datasets":[],"version":)") + version + "}");
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.status().code(), Code::unsupported);
  }
}

}  // namespace
}  // namespace arraymorph::vol
