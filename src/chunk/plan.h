// Plans: which elements of which chunk go where in the caller's memory. Pure arithmetic.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "chunk/grid.h"
#include "chunk/selection.h"

namespace arraymorph::chunk {

/// Copy `length` elements between a decoded chunk and the caller's buffer.
struct Run {
  std::uint64_t chunk_offset = 0;   ///< elements from the start of the chunk
  std::uint64_t memory_offset = 0;  ///< elements from the start of the caller's buffer
  std::uint64_t length = 0;         ///< elements, > 0
};

/// `count` runs of one length at equal distances.
struct Series {
  Run first;
  std::uint64_t count = 1;
  std::uint64_t chunk_step = 0;   ///< elements from one run to the next
  std::uint64_t memory_step = 0;  ///< likewise in the caller's buffer
};

/// A run repeated along several axes: what a regular selection takes of a chunk, without a list.
struct Pattern {
  struct Repeat {
    std::uint64_t count = 1;
    std::uint64_t chunk_step = 0;
    std::uint64_t memory_step = 0;
  };
  Run run;
  std::vector<Repeat> repeats;  ///< fastest first
};

struct ChunkPlan {
  Index index;
  // One of the two is empty.
  std::vector<Run> runs;          ///< in selection order: on a write the last one wins
  std::vector<Pattern> patterns;  ///< no element twice
  std::uint64_t elements = 0;     ///< sum of the run lengths
  /// Every element of the chunk that lies inside the extent is selected (set only when the
  /// selection cannot name an element twice).
  bool covers_chunk = false;
};

/// Calls `each(const Series&)` for everything in `pattern`; always in the same order.
template <class Each>
void for_each_series(const Pattern& pattern, Each&& each) {
  Series series{pattern.run};
  if (pattern.repeats.empty()) {
    each(series);
    return;
  }
  const Pattern::Repeat& fastest = pattern.repeats.front();
  series.count = fastest.count;
  series.chunk_step = fastest.chunk_step;
  series.memory_step = fastest.memory_step;
  std::vector<std::uint64_t> at(pattern.repeats.size(), 0);
  for (;;) {
    each(series);
    std::size_t level = 1;
    for (; level < at.size(); ++level) {
      const Pattern::Repeat& repeat = pattern.repeats[level];
      series.first.chunk_offset += repeat.chunk_step;
      series.first.memory_offset += repeat.memory_step;
      if (++at[level] < repeat.count) break;
      series.first.chunk_offset -= repeat.count * repeat.chunk_step;
      series.first.memory_offset -= repeat.count * repeat.memory_step;
      at[level] = 0;
    }
    if (level == at.size()) return;
  }
}

/// Calls `each(const Run&)` for every contiguous run, always in the same order, which is selection
/// order where an element may be named twice: the way to read a plan.
template <class Each>
void for_each_run(const ChunkPlan& plan, Each&& each) {
  for (const Run& run : plan.runs) each(run);
  for (const Pattern& pattern : plan.patterns) {
    for_each_series(pattern, [&](const Series& series) {
      Run run = series.first;
      for (std::uint64_t k = 0; k < series.count; ++k) {
        each(static_cast<const Run&>(run));
        run.chunk_offset += series.chunk_step;
        run.memory_offset += series.memory_step;
      }
    });
  }
}

/// Walk both selections in lock-step (element k of the file selection belongs to element k of
/// the memory selection) and sort the pieces by chunk, in order of first appearance.
/// `file` counts elements in row-major order of `grid.dims`; `unique`: no element of the file
/// selection appears twice (hyperslabs yes, points not surely). Errors: invalid_argument when
/// the two select different numbers of elements or leave the extent.
Result<std::vector<ChunkPlan>> plan(const Grid& grid, std::span<const Sequence> file,
                                    std::span<const Sequence> memory, bool unique);

/// The same for two regular hyperslabs whose axes correspond, or whose memory side is one
/// contiguous range: arithmetic per chunk and per axis, whatever the number of elements. Chunks in
/// the same order. Nothing when they do not correspond or leave the extent.
std::optional<std::vector<ChunkPlan>> plan_regular(const Grid& grid, const Hyperslab& file,
                                                   const Extent& memory_dims,
                                                   const Hyperslab& memory);

/// Either of the two. `file.dims` are those of the grid.
Result<std::vector<ChunkPlan>> plan(const Grid& grid, const Selection& file,
                                    const Selection& memory);

}  // namespace arraymorph::chunk
