#include "chunk/plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace arraymorph::chunk {

static bool operator==(const Run& a, const Run& b) {
  return a.chunk_offset == b.chunk_offset && a.memory_offset == b.memory_offset &&
         a.length == b.length;
}

namespace {

using Plans = std::vector<ChunkPlan>;
using Runs = std::vector<Run>;

Plans make(const Grid& grid, const std::vector<Sequence>& file, const std::vector<Sequence>& memory,
           bool unique = true) {
  Result<Plans> plans = plan(grid, file, memory, unique);
  EXPECT_TRUE(plans.ok()) << plans.status().message();
  return plans.ok() ? *plans : Plans();
}

TEST(Plan, SplitsRowsByChunk) {
  const Plans plans = make({{4, 6}, {2, 4}, 1}, {{0, 24}}, {{0, 24}});
  ASSERT_EQ(plans.size(), 4u);
  EXPECT_EQ(plans[0].index, (Index{0, 0}));
  EXPECT_EQ(plans[0].runs, (Runs{{0, 0, 4}, {4, 6, 4}}));
  EXPECT_EQ(plans[1].index, (Index{0, 1}));
  EXPECT_EQ(plans[1].runs, (Runs{{0, 4, 2}, {4, 10, 2}}));
  EXPECT_EQ(plans[3].index, (Index{1, 1}));
  for (const ChunkPlan& p : plans) EXPECT_TRUE(p.covers_chunk);
}

TEST(Plan, JoinsWholeRows) {
  const Plans plans = make({{4, 3, 5}, {2, 3, 5}, 1}, {{0, 60}}, {{100, 60}});
  ASSERT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans[1].index, (Index{1, 0, 0}));
  EXPECT_EQ(plans[1].runs, (Runs{{0, 130, 30}}));
}

TEST(Plan, ChunkWiderThanExtentKeepsItsStride) {
  const Plans plans = make({{2, 3}, {2, 8}, 1}, {{0, 6}}, {{0, 6}});
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].runs, (Runs{{0, 0, 3}, {8, 3, 3}}));
  EXPECT_TRUE(plans[0].covers_chunk);
}

TEST(Plan, Scalar) {
  const Plans plans = make({{}, {}, 8}, {{0, 1}}, {{5, 1}});
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].index, Index{});
  EXPECT_EQ(plans[0].runs, (Runs{{0, 5, 1}}));
  EXPECT_TRUE(plans[0].covers_chunk);
}

TEST(Plan, NothingSelected) {
  EXPECT_TRUE(make({{0, 4}, {2, 2}, 1}, {}, {}).empty());
  EXPECT_TRUE(make({{4}, {2}, 1}, {{4, 0}}, {{0, 0}}).empty());
}

TEST(Plan, DuplicatesNeverCover) {
  const Plans plans = make({{2}, {2}, 1}, {{0, 1}, {0, 1}}, {{0, 2}}, false);
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_FALSE(plans[0].covers_chunk);
  EXPECT_EQ(plans[0].elements, 2u);
}

TEST(Plan, RefusesMismatchAndEscape) {
  const Grid grid{{4, 4}, {2, 2}, 1};
  const auto code = [&](std::vector<Sequence> file, std::vector<Sequence> memory) {
    return plan(grid, file, memory, true).status().code();
  };
  EXPECT_EQ(code({{0, 3}}, {{0, 4}}), Code::invalid_argument);
  EXPECT_EQ(code({{14, 3}}, {{0, 3}}), Code::invalid_argument);
  EXPECT_EQ(code({{17, 1}}, {{0, 1}}), Code::invalid_argument);
  EXPECT_EQ(code({{~0ull, 2}}, {{0, 2}}), Code::invalid_argument);
}

// Where each element lies, worked out one at a time.
struct Place {
  Index index;
  std::uint64_t offset = 0;
};

Place place(const Grid& grid, std::uint64_t element) {
  const std::size_t rank = grid.dims.size();
  Index at(rank);
  for (std::size_t d = rank; d-- > 0;) {
    at[d] = element % grid.dims[d];
    element /= grid.dims[d];
  }
  Place result;
  for (std::size_t d = 0; d < rank; ++d) {
    result.index.push_back(at[d] / grid.chunk[d]);
    result.offset = result.offset * grid.chunk[d] + at[d] % grid.chunk[d];
  }
  return result;
}

std::vector<Sequence> sequences_of(const std::vector<std::uint64_t>& elements, std::mt19937& rng) {
  std::vector<Sequence> sequences;
  for (const std::uint64_t element : elements) {
    const bool joins =
        !sequences.empty() && sequences.back().offset + sequences.back().length == element;
    if (joins && rng() % 8 != 0) {
      ++sequences.back().length;
    } else {
      sequences.push_back({element, 1});
    }
  }
  return sequences;
}

class PlanProperty : public testing::TestWithParam<unsigned> {};

std::vector<std::uint64_t> random_selection(std::uint64_t elements, bool unique,
                                            std::mt19937& rng) {
  std::vector<std::uint64_t> selected;
  const unsigned density = rng() % 5;
  const std::uint64_t stride = 1 + rng() % 4;
  for (std::uint64_t e = rng() % 3; e < elements; e += stride) {
    if (density == 0 || rng() % 8 < 2 * density) selected.push_back(e);
  }
  if (!unique) {
    const std::size_t count = selected.size();
    for (std::size_t i = 0; i < count; ++i) selected.push_back(selected[rng() % count]);
    if (rng() % 2 != 0) std::shuffle(selected.begin(), selected.end(), rng);
  }
  return selected;
}

TEST_P(PlanProperty, AgreesWithElementwiseModel) {
  std::mt19937 rng(GetParam());
  for (int round = 0; round < 200; ++round) {
    Grid grid;
    grid.element_size = 4;
    std::uint64_t elements = 1;
    for (std::size_t d = rng() % 5; d > 0; --d) {
      grid.dims.push_back(rng() % 9);
      grid.chunk.push_back(rng() % 3 == 0 && grid.dims.back() > 0 ? grid.dims.back()
                                                                  : 1 + rng() % 10);
      elements *= grid.dims.back();
    }
    const bool unique = rng() % 3 != 0;
    const std::vector<std::uint64_t> file = random_selection(elements, unique, rng);
    std::vector<std::uint64_t> memory(file.size());
    std::uint64_t next = rng() % 10;
    for (std::uint64_t& m : memory) {
      m = next;
      next += rng() % 6 == 0 ? 3 : 1;
    }
    const Plans plans = make(grid, sequences_of(file, rng), sequences_of(memory, rng), unique);

    std::map<Index, std::vector<std::pair<std::uint64_t, std::uint64_t>>> expected;
    std::vector<Index> order;
    for (std::size_t i = 0; i < file.size(); ++i) {
      const Place p = place(grid, file[i]);
      if (!expected.contains(p.index)) order.push_back(p.index);
      expected[p.index].emplace_back(p.offset, memory[i]);
    }
    ASSERT_EQ(plans.size(), order.size());
    for (std::size_t i = 0; i < plans.size(); ++i) {
      ASSERT_EQ(plans[i].index, order[i]);
      std::vector<std::pair<std::uint64_t, std::uint64_t>> got;
      for (const auto& run : plans[i].runs) {
        for (std::uint64_t k = 0; k < run.length; ++k) {
          got.emplace_back(run.chunk_offset + k, run.memory_offset + k);
        }
      }
      ASSERT_EQ(got, expected[plans[i].index]);
      ASSERT_EQ(plans[i].elements, got.size());
      const bool all = unique && got.size() == grid.elements_inside(plans[i].index);
      ASSERT_EQ(plans[i].covers_chunk, all);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PlanProperty, testing::Range(0u, 20u));

}  // namespace
}  // namespace arraymorph::chunk
