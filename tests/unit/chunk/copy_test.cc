#include "chunk/copy.h"

#include <gtest/gtest.h>

#include <random>

namespace arraymorph::chunk {
namespace {

using Bytes = std::vector<std::byte>;

Bytes random_bytes(std::size_t count, std::mt19937& rng) {
  Bytes bytes(count);
  for (std::byte& b : bytes) b = static_cast<std::byte>(rng());
  return bytes;
}

// Element by element, from what for_each_run says.
template <class Each>
void for_each_element(const ChunkPlan& plan, Each each) {
  for_each_run(plan, [&](const Run& run) {
    for (std::uint64_t k = 0; k < run.length; ++k) {
      each(run.chunk_offset + k, run.memory_offset + k);
    }
  });
}

void put(Bytes& to, std::uint64_t at, const Bytes& from, std::uint64_t from_at, std::size_t size) {
  for (std::size_t b = 0; b < size; ++b) to[at * size + b] = from[from_at * size + b];
}

class Copy : public testing::TestWithParam<std::size_t> {
 protected:
  // Every third column of every second row from row 1, in a chunk of 8 x 10; then points.
  static std::vector<ChunkPlan> plans() {
    ChunkPlan strided;
    strided.patterns.push_back({{10, 5, 1}, {{4, 3, 2}, {3, 20, 10}}});
    strided.patterns.push_back({{0, 60, 3}, {}});
    strided.elements = 15;
    ChunkPlan listed;
    listed.runs = {{7, 0, 1}, {3, 1, 5}, {79, 40, 1}, {20, 6, 2}};
    listed.elements = 9;
    return {strided, listed};
  }
};

TEST_P(Copy, MovesExactlyTheElementsOfThePlan) {
  const std::size_t size = GetParam();
  std::mt19937 rng(static_cast<unsigned>(size));
  for (const ChunkPlan& plan : plans()) {
    const Bytes chunk = random_bytes(80 * size, rng);
    const Bytes memory = random_bytes(80 * size, rng);
    Bytes expected_memory = memory, expected_chunk = chunk, expected_packed;
    for_each_element(plan, [&](std::uint64_t c, std::uint64_t m) {
      put(expected_memory, m, chunk, c, size);
      put(expected_chunk, c, memory, m, size);
      expected_packed.resize(expected_packed.size() + size);
      put(expected_packed, expected_packed.size() / size - 1, chunk, c, size);
    });
    Bytes got = memory;
    copy_runs(plan, size, {chunk.data(), Side::chunk}, {got.data(), Side::memory});
    EXPECT_EQ(got, expected_memory);
    got = chunk;
    copy_runs(plan, size, {memory.data(), Side::memory}, {got.data(), Side::chunk});
    EXPECT_EQ(got, expected_chunk);
    Bytes packed(plan.elements * size);
    gather(plan, size, {chunk.data(), Side::chunk}, packed.data());
    EXPECT_EQ(packed, expected_packed);
    got = memory;
    scatter(plan, size, packed.data(), {got.data(), Side::memory});
    EXPECT_EQ(got, expected_memory);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Copy, testing::Values(1, 2, 3, 4, 8, 12, 16, 40));

}  // namespace
}  // namespace arraymorph::chunk
