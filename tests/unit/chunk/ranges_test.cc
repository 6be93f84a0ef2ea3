// Which bytes of a chunk are asked for.
#include "chunk/ranges.h"

#include <gtest/gtest.h>

namespace arraymorph::chunk {
namespace {

struct Row {
  std::uint64_t offset, length, memory;
  bool in_one;
  bool operator==(const Row&) const = default;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.offset << "+" << row.length << " at " << row.memory << (row.in_one ? "" : " cut");
}

std::vector<Row> pieces(const Grid& grid, std::vector<Sequence> file, std::uint64_t gap,
                        std::size_t limit = 100) {
  std::uint64_t count = 0;
  for (const Sequence& s : file) count += s.length;
  const Sequence memory{0, count};
  const auto plans = plan(grid, file, {&memory, 1}, true);
  EXPECT_TRUE(plans.ok());
  std::vector<Row> rows;
  for (const Piece& p : pieces_of(plans->front(), grid.element_size, gap, limit)) {
    rows.push_back({p.range.offset, p.range.length, p.in_one ? p.memory_offset : 0, p.in_one});
  }
  return rows;
}

const Grid kGrid{{100}, {100}, 4};

TEST(Ranges, RunsBecomeByteRanges) {
  EXPECT_EQ(pieces(kGrid, {{10, 5}}, 0), (std::vector<Row>{{40, 20, 0, true}}));
  EXPECT_EQ(pieces(kGrid, {{10, 5}, {50, 2}}, 0),
            (std::vector<Row>{{40, 20, 0, true}, {200, 8, 20, true}}));
}

TEST(Ranges, NearRunsAreJoined) {
  EXPECT_EQ(pieces(kGrid, {{10, 5}, {20, 5}, {90, 1}}, 20),
            (std::vector<Row>{{40, 60, 0, false}, {360, 4, 40, true}}));
  EXPECT_EQ(pieces(kGrid, {{10, 5}, {20, 5}}, 19).size(), 2u);
}

TEST(Ranges, AnyOrderAscends) {
  EXPECT_EQ(pieces(kGrid, {{50, 2}, {10, 5}, {52, 1}}, 0),
            (std::vector<Row>{{40, 20, 8, true}, {200, 12, 0, false}}));
}

TEST(Ranges, TooManyAreNone) {
  std::vector<Sequence> points;
  for (std::uint64_t i = 0; i < 50; ++i) points.push_back({2 * i, 1});
  EXPECT_EQ(pieces(kGrid, points, 0, 50).size(), 50u);
  EXPECT_TRUE(pieces(kGrid, points, 0, 49).empty());
  EXPECT_TRUE(pieces(kGrid, points, 0, 10).empty());
  EXPECT_EQ(pieces(kGrid, points, 4, 1).size(), 1u);
}

TEST(Ranges, GapsAreReadWhenThatCostsLessThanARequest) {
  EXPECT_EQ(cheap_gap({0.02, 1e-4, 1e-8}), 10000u);
}

TEST(Ranges, WholeWhenAboutTheSameOrPaidForByNow) {
  const LinkCost far{0.1, 1e-4, 1e-8};
  const double whole = chunk_cost(far, 1, 1, 1 << 20);
  const double range = chunk_cost(far, 1, 1, 2048);
  EXPECT_TRUE(whole_is_better(whole, range, 0));  // one latency either way
  const LinkCost near{0.001, 1e-4, 1e-8};
  const double far_whole = chunk_cost(near, 1, 1, 1 << 20);
  const double far_range = chunk_cost(near, 1, 1, 2048);
  double spent = 0;
  int reads = 0;
  while (!whole_is_better(far_whole, far_range, spent)) {
    spent += far_range;
    ++reads;
  }
  EXPECT_GT(reads, 5);
  EXPECT_LT(spent, far_whole);
}

}  // namespace
}  // namespace arraymorph::chunk
