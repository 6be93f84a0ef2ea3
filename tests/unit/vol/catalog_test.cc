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
  odd.datasets[5].prefix = "quote\"back\\slash\nline";
  odd.datasets[5].chunk = {0, ~0ull};
  odd.datasets[5].records.filter_masks = {{{0}, 1}, {{7}, ~0u}};
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
  for (const char* text :
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
  for (const char* prefix : {"", "/a", "a/", "../x", "a/../b", "..", "a//b", "./a", "a\\u0000b"}) {
    const std::string text = std::string(R"({"version":1,"datasets":[{"address":1,"prefix":")") +
                             prefix + R"(","chunk":[1]}]})";
    EXPECT_FALSE(catalog_from_json(text).ok()) << prefix;
    EXPECT_FALSE(
        catalog_from_json(std::string(R"({"version":1,"datasets":[],"trash":[")") + prefix + "\"]}")
            .ok())
        << prefix;
  }
}

TEST(Catalog, NamesALaterVersion) {
  const auto read = catalog_from_json(R"({"version":2,"datasets":[]})");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.status().code(), Code::unsupported);
}

}  // namespace
}  // namespace arraymorph::vol
