#include "chunk/grid.h"

#include <gtest/gtest.h>

namespace arraymorph::chunk {
namespace {

TEST(Grid, CountsElementsInside) {
  const Grid grid{{10, 7}, {4, 7}, 8};
  EXPECT_EQ(grid.chunk_elements(), 28u);
  EXPECT_EQ(grid.chunk_bytes(), 224u);
  EXPECT_EQ(grid.elements_inside({0, 0}), 28u);
  EXPECT_EQ(grid.elements_inside({2, 0}), 14u);
  EXPECT_EQ(grid.elements_inside({3, 0}), 0u);
  EXPECT_TRUE(grid.contains({2, 0}));
  EXPECT_FALSE(grid.contains({2, 1}));
  EXPECT_FALSE(grid.contains({2}));
}

TEST(Grid, ScalarIsOneChunk) {
  const Grid grid{{}, {}, 4};
  EXPECT_TRUE(validate(grid).ok());
  EXPECT_EQ(grid.chunk_bytes(), 4u);
  EXPECT_TRUE(grid.contains({}));
  EXPECT_EQ(grid.elements_inside({}), 1u);
}

TEST(Grid, EmptyExtentHoldsNoChunk) {
  const Grid grid{{0, 5}, {2, 2}, 4};
  EXPECT_TRUE(validate(grid).ok());
  EXPECT_FALSE(grid.contains({0, 0}));
}

TEST(Grid, ChunkMayExceedExtent) {
  const Grid grid{{3}, {100}, 1};
  EXPECT_TRUE(validate(grid).ok());
  EXPECT_EQ(grid.elements_inside({0}), 3u);
}

TEST(Grid, RefusesWhatCannotWork) {
  EXPECT_EQ(validate({{1, 2}, {1}, 4}).code(), Code::invalid_argument);
  EXPECT_EQ(validate({{1}, {0}, 4}).code(), Code::invalid_argument);
  EXPECT_EQ(validate({{1}, {1}, 0}).code(), Code::invalid_argument);
  EXPECT_EQ(validate({{1}, {1ull << 62}, 4}).code(), Code::invalid_argument);
  EXPECT_EQ(validate({{1ull << 40}, {1ull << 30}, 4}).code(), Code::invalid_argument);
  EXPECT_TRUE(validate({{1ull << 40}, {(1ull << 30) - 1}, 4}).ok());
  EXPECT_EQ(validate({{1ull << 32, 1ull << 32}, {1, 1}, 1}).code(), Code::invalid_argument);
  EXPECT_EQ(validate({{0, 1ull << 62, 1ull << 62}, {1, 1, 1}, 1}).code(), Code::invalid_argument);
}

TEST(ChunkKey, FollowsZarr) {
  EXPECT_EQ(chunk_key("run.h5/g/x", {0, 12}), "run.h5/g/x/c/0/12");
  EXPECT_EQ(chunk_key("run.h5/s", {}), "run.h5/s/c");
  EXPECT_EQ(chunk_key("run.h5/g/x", {0, 12}, "1f-3"), "run.h5/g/x/c~1f-3/0/12");
}

TEST(ChunkKey, ParsesItsOwn) {
  for (const Index& index : {Index{}, Index{0}, Index{3, 0, 18446744073709551615ull}}) {
    for (const char* tag : {"", "0af-12"}) {
      EXPECT_EQ(parse_chunk_key("a/b", chunk_key("a/b", index, tag), index.size()),
                (ChunkName{index, tag}));
    }
  }
}

TEST(ChunkKey, RefusesOthers) {
  for (const char* key :
       {"a/b/c/1", "a/b/c/1/2/3", "a/b/c/1/", "a/b/c/1/x", "a/b/c/01/2", "a/b/c//2", "a/b/c/-1/2",
        "a/b/c/1/18446744073709551616", "a/b/d/1/2", "a/b", "a/b/c~/1/2", "a/b/c~x.y/1/2",
        "a/b/c~1", "a/b/cx/1/2", "a/bb/c/1/2", "a/b/c/1/+2"}) {
    EXPECT_EQ(parse_chunk_key("a/b", key, 2), std::nullopt) << key;
  }
}

TEST(SplitContiguous, CutsTheSlowestAxes) {
  EXPECT_EQ(split_contiguous({}, 8, 1 << 20), Extent{});
  EXPECT_EQ(split_contiguous({10}, 8, 1 << 20), Extent{10});
  EXPECT_EQ(split_contiguous({1 << 20}, 8, 1 << 20), Extent{1 << 17});
  EXPECT_EQ(split_contiguous({100, 1000, 1000}, 8, 8 << 20), (Extent{1, 1000, 1000}));
  EXPECT_EQ(split_contiguous({100, 100, 1000}, 8, 8 << 20), (Extent{10, 100, 1000}));
  EXPECT_EQ(split_contiguous({4, 1 << 22}, 8, 1 << 20), (Extent{1, 1 << 17}));
  EXPECT_EQ(split_contiguous({0, 5}, 8, 1 << 20), (Extent{1, 5}));
  EXPECT_EQ(split_contiguous({7}, 1 << 20, 16), Extent{1});
}

TEST(SplitContiguous, StaysWithinTarget) {
  for (std::uint64_t n = 1; n < 5000; n += 7) {
    const Extent chunk = split_contiguous({n, 13}, 4, 4096);
    ASSERT_LE(chunk[0] * chunk[1] * 4, 4096u) << n;
    ASSERT_GE(chunk[0], 1u);
    // Even pieces: padding is less than one row per piece.
    const std::uint64_t pieces = (n + chunk[0] - 1) / chunk[0];
    ASSERT_LT(pieces * chunk[0] - n, pieces) << n;
  }
}

}  // namespace
}  // namespace arraymorph::chunk
