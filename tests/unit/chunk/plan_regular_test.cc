#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <tuple>

#include "chunk/plan.h"

namespace arraymorph::chunk {
namespace {

using Plans = std::vector<ChunkPlan>;
using Element = std::pair<std::uint64_t, std::uint64_t>;  // offset in the chunk, in memory

std::vector<Element> elements_of(const ChunkPlan& plan) {
  std::vector<Element> elements;
  for_each_run(plan, [&](const auto& run) {
    for (std::uint64_t k = 0; k < run.length; ++k) {
      elements.emplace_back(run.chunk_offset + k, run.memory_offset + k);
    }
  });
  std::sort(elements.begin(), elements.end());
  return elements;
}

std::size_t run_count(const ChunkPlan& plan) {
  std::size_t runs = 0;
  for_each_run(plan, [&](const auto&) { ++runs; });
  return runs;
}

Selection select(const Extent& dims, const Hyperslab& slab) {
  Selection selection{dims, slab, {}, 1, true};
  for (const AxisSelection& a : slab) selection.points *= a.size();
  return selection;
}

Plans regular(const Grid& grid, const Hyperslab& file, const Selection& memory) {
  auto plans = plan_regular(grid, file, memory.dims, *memory.regular);
  EXPECT_TRUE(plans.has_value());
  return plans ? std::move(*plans) : Plans();
}

// The general walk over listed sequences knows nothing of axes.
void expect_like_the_walk(const Grid& grid, const Selection& file, const Selection& memory,
                          const Plans& got) {
  const auto walk = plan(grid, sequences_of(file), sequences_of(memory), true);
  ASSERT_TRUE(walk.ok()) << walk.status().message();
  ASSERT_EQ(got.size(), walk->size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].index, (*walk)[i].index);
    EXPECT_EQ(got[i].elements, (*walk)[i].elements);
    EXPECT_EQ(got[i].covers_chunk, (*walk)[i].covers_chunk);
    ASSERT_EQ(elements_of(got[i]), elements_of((*walk)[i]));
  }
}

TEST(PlanRegular, AWholeReadIsOnePatternAChunk) {
  const Grid grid{{8192, 8192}, {512, 512}, 4};
  const Selection all = whole(grid.dims);
  const Plans plans = regular(grid, *all.regular, all);
  ASSERT_EQ(plans.size(), 256u);
  for (const ChunkPlan& p : plans) {
    ASSERT_EQ(p.patterns.size(), 1u);
    EXPECT_EQ(p.patterns[0].run.length, 512u);
    ASSERT_EQ(p.patterns[0].repeats.size(), 1u);
    EXPECT_EQ(p.patterns[0].repeats[0].count, 512u);
    EXPECT_TRUE(p.covers_chunk);
  }
}

TEST(PlanRegular, WholeRowsOfAChunkAreOneRun) {
  const Grid grid{{4, 3, 5}, {2, 3, 5}, 1};
  const Plans plans = regular(grid, *whole(grid.dims).regular, block(60));
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(run_count(plans[1]), 1u);
  EXPECT_EQ(elements_of(plans[1]).front(), (Element{0, 30}));
}

TEST(PlanRegular, AColumnIsOneSeries) {
  const Grid grid{{1000, 1000}, {100, 100}, 8};
  const Plans plans = regular(grid, {{0, 1, 1, 1000}, {7, 1, 1, 1}}, block(1000));
  ASSERT_EQ(plans.size(), 10u);
  ASSERT_EQ(plans[3].patterns.size(), 1u);
  std::size_t series = 0;
  for_each_series(plans[3].patterns[0], [&](const Series& s) {
    ++series;
    EXPECT_EQ(s.count, 100u);
    EXPECT_EQ(s.chunk_step, 100u);
    EXPECT_EQ(s.memory_step, 1u);
    EXPECT_EQ(s.first.memory_offset, 300u);
  });
  EXPECT_EQ(series, 1u);
}

TEST(PlanRegular, FarStridesTouchOnlyTheirChunks) {
  const Grid grid{{std::uint64_t{1} << 40}, {16}, 1};
  const Plans plans = regular(grid, {{5, std::uint64_t{1} << 30, 1000, 1}}, block(1000));
  ASSERT_EQ(plans.size(), 1000u);
  EXPECT_EQ(plans[999].index, (Index{999ull << 26}));
  EXPECT_EQ(elements_of(plans[999]), (std::vector<Element>{{5, 999}}));
}

TEST(PlanRegular, BlocksCutByAChunkBorder) {
  // Blocks [2,5) [6,9) [10,13) of chunks of 4: every chunk has whole and cut blocks.
  const Grid grid{{16}, {4}, 1};
  const Hyperslab file{{2, 4, 3, 3}};
  const Plans plans = regular(grid, file, block(9));
  ASSERT_EQ(plans.size(), 4u);
  EXPECT_EQ(elements_of(plans[0]), (std::vector<Element>{{2, 0}, {3, 1}}));
  EXPECT_EQ(elements_of(plans[1]), (std::vector<Element>{{0, 2}, {2, 3}, {3, 4}}));
  EXPECT_EQ(elements_of(plans[3]), (std::vector<Element>{{0, 8}}));
}

TEST(PlanRegular, RefusesWhatDoesNotCorrespondOrLeavesTheExtent) {
  const Grid grid{{6, 6}, {4, 4}, 1};
  const Hyperslab file{{0, 1, 1, 4}, {0, 1, 1, 6}};
  // Same number of elements, other shape, not one range.
  EXPECT_FALSE(plan_regular(grid, file, {6, 5}, {{0, 1, 1, 6}, {0, 1, 1, 4}}).has_value());
  EXPECT_FALSE(plan_regular(grid, {{3, 1, 1, 4}, {0, 1, 1, 6}}, {24}, {{0, 1, 1, 24}}).has_value());
  EXPECT_FALSE(plan_regular(grid, {{0, 4, 3, 1}, {0, 1, 1, 6}}, {18}, {{0, 1, 1, 18}}).has_value());
  EXPECT_FALSE(plan_regular(grid, {{0, ~0ull, 2, 1}, {0, 1, 1, 6}}, {12}, {{0, 1, 1, 12}}));
  EXPECT_FALSE(plan_regular(grid, {{0, 1, 1, 6}}, {6}, {{0, 1, 1, 6}}).has_value());
}

AxisSelection random_axis(std::uint64_t extent, std::mt19937& rng) {
  AxisSelection a;
  a.start = rng() % extent;
  a.block = 1 + rng() % std::min<std::uint64_t>(extent - a.start, 5);
  if (rng() % 3 == 0) {
    a.block = extent - a.start;
    return a;
  }
  a.stride = a.block + rng() % 4;
  a.count = 1 + rng() % ((extent - a.start - a.block) / a.stride + 1);
  return a;
}

// A memory side for `file`: the same axes stretched, moved and padded with axes of one position.
Selection random_memory(const Hyperslab& file, std::mt19937& rng) {
  const std::uint64_t points =
      std::accumulate(file.begin(), file.end(), std::uint64_t{1},
                      [](std::uint64_t n, const AxisSelection& a) { return n * a.size(); });
  if (rng() % 3 == 0) return select({points + 9}, {{rng() % 9, 1, 1, points}});
  Selection memory{{}, Hyperslab(), {}, points, true};
  const auto add = [&](const AxisSelection& a, std::uint64_t room) {
    memory.dims.push_back(a.start + (a.count - 1) * a.stride + a.block + room);
    memory.regular->push_back(a);
  };
  for (const AxisSelection& a : file) {
    if (rng() % 4 == 0) add({rng() % 3, 1, 1, 1}, rng() % 3);
    if (a.size() == 1 && rng() % 2 == 0) continue;
    if (rng() % 2 == 0) {
      add({rng() % 4, 1, 1, a.size()}, rng() % 3);
    } else {
      add({rng() % 4, 1 + rng() % 3, a.size(), 1}, rng() % 3);
    }
  }
  if (memory.dims.empty()) add({2, 1, 1, 1}, 1);
  return memory;
}

class PlanRegularProperty : public testing::TestWithParam<unsigned> {};

TEST_P(PlanRegularProperty, AgreesWithTheGeneralWalk) {
  std::mt19937 rng(GetParam());
  for (int round = 0; round < 300; ++round) {
    Grid grid;
    grid.element_size = 2;
    Hyperslab slab;
    const std::size_t rank = 1 + rng() % 5;
    for (std::size_t d = 0; d < rank; ++d) {
      grid.dims.push_back(1 + rng() % (rank > 3 ? 8 : 24));
      grid.chunk.push_back(rng() % 4 == 0 ? grid.dims.back() : 1 + rng() % 9);
      slab.push_back(random_axis(grid.dims.back(), rng));
    }
    const Selection file = select(grid.dims, slab);
    const Selection memory = random_memory(slab, rng);
    ASSERT_NO_FATAL_FAILURE(expect_like_the_walk(grid, file, memory, regular(grid, slab, memory)));
  }
}

TEST_P(PlanRegularProperty, AnyTwoHyperslabsAgreeWithTheGeneralWalk) {
  std::mt19937 rng(GetParam());
  int planned = 0;
  for (int round = 0; round < 300; ++round) {
    Grid grid{{2 + rng() % 12, 2 + rng() % 12}, {1 + rng() % 5, 1 + rng() % 5}, 2};
    const Selection file =
        select(grid.dims, {random_axis(grid.dims[0], rng), random_axis(grid.dims[1], rng)});
    const Extent dims{2 + rng() % 12, 2 + rng() % 12};
    const Selection memory = select(dims, {random_axis(dims[0], rng), random_axis(dims[1], rng)});
    if (file.points != memory.points) continue;
    const auto plans = plan(grid, file, memory);
    ASSERT_TRUE(plans.ok());
    ASSERT_NO_FATAL_FAILURE(expect_like_the_walk(grid, file, memory, *plans));
    ++planned;
  }
  EXPECT_GT(planned, 3);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PlanRegularProperty, testing::Range(0u, 20u));

}  // namespace
}  // namespace arraymorph::chunk
