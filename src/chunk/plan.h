// Plans: which elements of which chunk go where in the caller's memory. Pure arithmetic.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "chunk/grid.h"

namespace arraymorph::chunk {

/// A run of consecutive elements in row-major order of some extent.
struct Sequence {
  std::uint64_t offset = 0;  ///< elements from the start of the extent
  std::uint64_t length = 0;  ///< elements, > 0
};

/// Copy `length` elements between a decoded chunk and the caller's buffer.
struct Run {
  std::uint64_t chunk_offset = 0;   ///< elements from the start of the chunk
  std::uint64_t memory_offset = 0;  ///< elements from the start of the caller's buffer
  std::uint64_t length = 0;         ///< elements, > 0
};

struct ChunkPlan {
  Index index;
  std::vector<Run> runs;       ///< in selection order: on a write the last one wins
  std::uint64_t elements = 0;  ///< sum of the run lengths
  /// Every element of the chunk that lies inside the extent is selected (set only when the
  /// selection cannot name an element twice).
  bool covers_chunk = false;
};

/// Calls `each(const Run&)` for every contiguous run, in selection order: the way to read a plan.
template <class Each>
void for_each_run(const ChunkPlan& plan, Each&& each) {
  for (const Run& run : plan.runs) each(run);
}

/// Walk both selections in lock-step (element k of the file selection belongs to element k of
/// the memory selection) and sort the pieces by chunk, in order of first appearance.
/// `file` counts elements in row-major order of `grid.dims`; `unique`: no element of the file
/// selection appears twice (hyperslabs yes, points not surely). Errors: invalid_argument when
/// the two select different numbers of elements or leave the extent.
Result<std::vector<ChunkPlan>> plan(const Grid& grid, std::span<const Sequence> file,
                                    std::span<const Sequence> memory, bool unique);

}  // namespace arraymorph::chunk
