#include "runtime/regions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <span>
#include <vector>

namespace arraymorph {
namespace {

constexpr std::size_t kBlock = 1 << 20;
constexpr std::size_t kPerRegion = Regions::kBytes / kBlock;

void give_back_all(Regions& regions, std::span<const Memory::Block> blocks) {
  for (const Memory::Block& block : blocks) {
    if (regions.give_back(block)) regions.drop(block);
  }
}

class RegionsTest : public testing::Test {
 protected:
  std::vector<Memory::Block> take(std::size_t count) {
    std::vector<Memory::Block> blocks;
    for (std::size_t i = 0; i < count; ++i) blocks.push_back(regions_.take().block);
    return blocks;
  }

  Regions regions_{kBlock};
};

TEST_F(RegionsTest, BlocksAreApartAndWritable) {
  const std::vector<Memory::Block> blocks = take(2 * kPerRegion);
  std::set<std::byte*> begins;
  std::set<void*> of;
  for (const Memory::Block& block : blocks) {
    std::memset(block.bytes, 1, kBlock);
    for (const std::byte* other : begins) EXPECT_GE(std::abs(other - block.bytes), kBlock);
    begins.insert(block.bytes);
    of.insert(block.region);
  }
  EXPECT_EQ(of.size(), 2);
  give_back_all(regions_, blocks);
}

TEST_F(RegionsTest, SaysWhenARegionIsUnused) {
  std::vector<Memory::Block> blocks = take(kPerRegion);
  std::swap(blocks.front(), blocks.back());
  for (std::size_t i = 0; i + 1 < kPerRegion; ++i) EXPECT_FALSE(regions_.give_back(blocks[i]));
  EXPECT_TRUE(regions_.give_back(blocks.back()));
  const Regions::Taken again = regions_.take();
  EXPECT_TRUE(again.unused);
  EXPECT_EQ(again.block.region, blocks[0].region);
  const Regions::Taken next = regions_.take();
  EXPECT_FALSE(next.unused);
  EXPECT_FALSE(regions_.give_back(next.block));
  ASSERT_TRUE(regions_.give_back(again.block));
  regions_.drop(again.block);
}

TEST_F(RegionsTest, FreshRegionsDoNotCountAsUnused) {
  const Regions::Taken taken = regions_.take();
  EXPECT_FALSE(taken.unused);
  ASSERT_TRUE(regions_.give_back(taken.block));
  regions_.drop(taken.block);
}

TEST_F(RegionsTest, WhatIsDroppedIsNotGivenOut) {
  std::vector<Memory::Block> blocks = take(2 * kPerRegion);
  void* const kept = blocks.back().region;
  give_back_all(regions_, std::span(blocks).first(kPerRegion));
  EXPECT_FALSE(regions_.give_back(blocks.back()));
  EXPECT_EQ(regions_.take().block.region, kept);
  give_back_all(regions_, std::span(blocks).subspan(kPerRegion));
}

TEST(RegionsSizesTest, BlocksMayBeAsLargeAsHalfARegionAndAsSmallAsTheBitsAllow) {
  for (const std::size_t size :
       {Regions::kBytes / 2, std::size_t{768} << 10, std::size_t{256} << 10}) {
    Regions regions(size);
    std::vector<Memory::Block> blocks;
    for (std::size_t i = 0; i < Regions::kBytes / size; ++i) {
      blocks.push_back(regions.take().block);
      EXPECT_EQ(blocks.back().region, blocks.front().region);
    }
    give_back_all(regions, blocks);
  }
}

}  // namespace
}  // namespace arraymorph
