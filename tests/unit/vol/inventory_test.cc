#include "vol/inventory.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace arraymorph::vol {
namespace {

using Kind = ObjectKind;

DatasetPlaces dataset(Address address, std::string prefix, chunk::Extent chunk,
                      chunk::Extent dims) {
  DatasetPlaces places;
  places.address = address;
  places.prefix = std::move(prefix);
  places.chunk = std::move(chunk);
  places.dims = std::move(dims);
  return places;
}

Inventory take(const std::vector<DatasetPlaces>& datasets, std::initializer_list<const char*> keys,
               const std::set<std::string>& trash = {}) {
  std::vector<ObjectInfo> objects;
  for (const char* key : keys) objects.push_back({key, 1, "", 0});
  return take_inventory(datasets, trash, std::move(objects));
}

Kind kind_of(const std::vector<DatasetPlaces>& datasets, const char* key,
             const std::set<std::string>& trash = {}) {
  return take(datasets, {key}, trash).objects.at(0).kind;
}

TEST(InventoryTest, KnowsChunksByPrefixAndExtent) {
  const std::vector datasets{dataset(100, "g/x", {10, 10}, {25, 20}), dataset(7, "y~2", {4}, {4})};
  const Inventory found =
      take(datasets, {".arraymorph/metadata.h5", "g/x/c/2/1", "g/x/c/3/0", "g/x/c/0/2", "y~2/c/0"});
  EXPECT_EQ(found.objects[0].kind, Kind::metadata);
  EXPECT_EQ(found.objects[1].kind, Kind::chunk);
  EXPECT_EQ(found.objects[1].dataset, 100u);
  EXPECT_EQ(found.objects[1].index, (chunk::Index{2, 1}));
  EXPECT_EQ(found.objects[2].kind, Kind::outside);
  EXPECT_EQ(found.objects[3].kind, Kind::outside);
  EXPECT_EQ(found.objects[4].kind, Kind::chunk);
  EXPECT_TRUE(found.missing.empty());
}

TEST(InventoryTest, ChunksOfAnUnknownExtentAreKept) {
  auto unknown = dataset(1, "x", {10}, {});
  unknown.dims.reset();
  EXPECT_EQ(kind_of({unknown}, "x/c/1000000"), Kind::chunk);
}

TEST(InventoryTest, VersionsAndAbsentChunks) {
  auto places = dataset(1, "x", {10}, {50});
  places.tagged = {{{0}, "new"}, {{1}, "new"}, {{9}, "new"}};
  places.absent = {{2}};
  const Inventory found =
      take({places}, {"x/c/0", "x/c~new/0", "x/c~old/0", "x/c/1", "x/c/2", "x/c/3", "x/c~new/3"});
  const auto kind = [&](std::size_t i) { return found.objects[i].kind; };
  EXPECT_EQ(kind(0), Kind::superseded);
  EXPECT_EQ(kind(1), Kind::chunk);
  EXPECT_EQ(kind(2), Kind::superseded);
  EXPECT_EQ(kind(3), Kind::superseded);
  EXPECT_EQ(kind(4), Kind::superseded);
  EXPECT_EQ(kind(5), Kind::chunk);
  EXPECT_EQ(kind(6), Kind::superseded);
  // Chunk 9 lies outside: nobody misses it.
  ASSERT_EQ(found.missing.size(), 1u);
  EXPECT_EQ(found.missing[0].key, "x/c~new/1");
  EXPECT_EQ(found.missing[0].index, (chunk::Index{1}));
}

TEST(InventoryTest, LeftoversAndTrash) {
  const std::vector datasets{dataset(1, "x", {10}, {50})};
  EXPECT_EQ(kind_of(datasets, "x~1f03ab7c/c/0"), Kind::orphan);
  EXPECT_EQ(kind_of(datasets, "a/b/c~12345678/0/0/7"), Kind::orphan);
  EXPECT_EQ(kind_of(datasets, "old/c/4", {"old"}), Kind::trash);
  EXPECT_EQ(kind_of(datasets, "old/deep/c/4", {"old/deep"}), Kind::trash);
  EXPECT_EQ(kind_of(datasets, "older/c/4", {"old"}), Kind::orphan);
  EXPECT_EQ(kind_of(datasets, ".arraymorph/probe-1234/0"), Kind::scratch);
}

// Whatever ArrayMorph would not name so is nothing to remove.
TEST(InventoryTest, OtherPeoplesObjectsAreUnknown) {
  const std::vector datasets{dataset(1, "x", {10}, {50})};
  for (const char* key : {"README", "x/notes.txt", "x/c/01", "x/c/0/0", "x/c/", "x/c/a", "x/c",
                          "y/c", "c/0", "x/c~/0", "y/c/0.5", "y/cc/0", ".arraymorph/later",
                          ".arraymorph/later/c/0", "y/c/99999999999999999999999", "old/notes"}) {
    EXPECT_EQ(kind_of(datasets, key, {"old"}), Kind::unknown) << key;
    EXPECT_FALSE(removable(kind_of(datasets, key, {"old"}))) << key;
  }
}

// "run.h5" and "run.h5/part.h5" may both be files.
TEST(InventoryTest, AFileInsideIsNotOurs) {
  const std::vector datasets{dataset(1, "x", {10}, {50}), dataset(2, "part.h5/y", {10}, {50})};
  const Inventory found =
      take(datasets, {".arraymorph/metadata.h5", "x/c/0", "part.h5/.arraymorph/metadata.h5",
                      "part.h5/y/c/0", "part.h5/.arraymorph/probe-1/0", "part.h50/c/0"});
  EXPECT_EQ(found.objects[0].kind, Kind::metadata);
  EXPECT_EQ(found.objects[1].kind, Kind::chunk);
  for (int i = 2; i < 5; ++i) EXPECT_EQ(found.objects[i].kind, Kind::other_file) << i;
  EXPECT_EQ(found.objects[5].kind, Kind::orphan);
}

TEST(InventoryTest, OnlyWhatNobodyNeedsIsRemovable) {
  for (const Kind kind :
       {Kind::superseded, Kind::outside, Kind::trash, Kind::orphan, Kind::scratch})
    EXPECT_TRUE(removable(kind)) << kind_name(kind);
  for (const Kind kind : {Kind::metadata, Kind::chunk, Kind::other_file, Kind::unknown})
    EXPECT_FALSE(removable(kind)) << kind_name(kind);
}

TEST(InventoryTest, PlacesComeFromTheCatalog) {
  Catalog catalog;
  catalog.datasets[100] = {"g/x", {10, 10}, false, 0, {}};
  catalog.datasets[200] = {"y", {0}, false, 0, {}};
  catalog.datasets[300] = {"z", {5}, false, 0, {}};
  const auto places = places_of(catalog, {{100, {25, 20}}, {200, {5}}});
  ASSERT_EQ(places.size(), 3u);
  EXPECT_EQ(places[0].address, 100u);
  EXPECT_EQ(places[0].prefix, "g/x");
  EXPECT_EQ(places[0].dims, (chunk::Extent{25, 20}));
  // A catalog that does not fit, and a dataset that is not there: no chunk counts as outside.
  EXPECT_FALSE(places[1].dims);
  EXPECT_FALSE(places[2].dims);
  EXPECT_EQ(kind_of(places, "y/c/77"), Kind::chunk);
}

}  // namespace
}  // namespace arraymorph::vol
