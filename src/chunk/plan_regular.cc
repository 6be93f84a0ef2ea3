// plan_regular: the chunks that a regular hyperslab touches, axis by axis.
#include <algorithm>

#include "chunk/plan.h"

namespace arraymorph::chunk {
namespace {

/// Blocks of one axis that lie in one chunk: all whole, or one that the chunk's border has cut.
struct Piece {
  std::uint64_t in_chunk = 0;  ///< position in the chunk of the first
  std::uint64_t ordinal = 0;   ///< how many selected positions of the axis come before
  std::uint64_t count = 0;     ///< blocks
  std::uint64_t length = 0;    ///< positions in each
};

/// What the selection takes of the chunks at one place of the grid along one axis.
struct Part {
  std::uint64_t index = 0;  ///< of the chunks along the axis
  std::uint64_t positions = 0;
  std::vector<Piece> pieces;
};

/// Where positions of the file selection lie in memory: base + sum of ordinal * step over the axes.
struct Placement {
  std::uint64_t base = 0;
  std::vector<std::uint64_t> steps;  ///< elements, one per file axis
};

void add_piece(Part& part, const Piece& piece) {
  part.positions += piece.count * piece.length;
  part.pieces.push_back(piece);
}

/// The blocks `first` to `last` of the axis touch chunk [low, low + chunk).
Part cut(const AxisSelection& a, std::uint64_t low, std::uint64_t chunk, std::uint64_t first,
         std::uint64_t last) {
  Part part;
  part.index = low / chunk;
  const std::uint64_t first_at = a.start + first * a.stride;
  const std::uint64_t last_at = a.start + last * a.stride;
  const std::uint64_t lead = first_at < low ? low - first_at : 0;  // before the chunk
  const std::uint64_t tail = std::min(a.block, low + chunk - last_at);
  if (first == last) {
    add_piece(part, {first_at + lead - low, first * a.block + lead, 1, tail - lead});
    return part;
  }
  if (lead > 0) {
    add_piece(part, {0, first * a.block + lead, 1, a.block - lead});
    ++first;
  }
  const std::uint64_t end = tail < a.block ? last : last + 1;
  if (first < end) {
    const std::uint64_t at = a.start + first * a.stride - low;
    add_piece(part, {at, first * a.block, end - first, a.block});
  }
  if (tail < a.block) add_piece(part, {last_at - low, last * a.block, 1, tail});
  return part;
}

std::vector<Part> parts_of(const AxisSelection& a, std::uint64_t chunk) {
  std::vector<Part> parts;
  std::uint64_t low = a.start / chunk * chunk;
  for (;;) {
    // The first block that ends behind `low`.
    const std::uint64_t first =
        low < a.start + a.block ? 0 : (low - a.start - a.block) / a.stride + 1;
    if (first >= a.count) return parts;
    const std::uint64_t at = a.start + first * a.stride;
    if (at >= low + chunk) {
      low = at / chunk * chunk;
      continue;
    }
    const std::uint64_t last = std::min(a.count - 1, (low + chunk - 1 - a.start) / a.stride);
    parts.push_back(cut(a, low, chunk, first, last));
    low += chunk;
  }
}

/// The elements from one position of each axis to the next.
std::vector<std::uint64_t> row_major(const Extent& dims) {
  std::vector<std::uint64_t> steps(dims.size(), 1);
  for (std::size_t d = dims.size(); d-- > 1;) steps[d - 1] = steps[d] * dims[d];
  return steps;
}

/// Selected positions lie at equal distances.
bool evenly_spaced(const AxisSelection& a) { return a.contiguous() || a.block == 1; }

/// Axis by axis, axes of one position left out on either side.
std::optional<Placement> match_axes(const Hyperslab& file, const Extent& dims,
                                    const Hyperslab& memory) {
  const std::vector<std::uint64_t> rows = row_major(dims);
  Placement placement{0, std::vector<std::uint64_t>(file.size(), 0)};
  std::size_t f = 0;
  for (std::size_t m = 0; m < memory.size(); ++m) {
    placement.base += memory[m].start * rows[m];
    if (memory[m].size() == 1) continue;
    while (f < file.size() && file[f].size() == 1) ++f;
    if (f == file.size() || file[f].size() != memory[m].size()) return std::nullopt;
    if (!evenly_spaced(memory[m])) return std::nullopt;
    placement.steps[f++] = rows[m] * (memory[m].contiguous() ? 1 : memory[m].stride);
  }
  while (f < file.size() && file[f].size() == 1) ++f;
  return f == file.size() ? std::optional(placement) : std::nullopt;
}

/// The memory side is one contiguous range of as many elements.
std::optional<Placement> match_range(const Hyperslab& file, const Extent& dims,
                                     const Hyperslab& memory) {
  const std::vector<std::uint64_t> rows = row_major(dims);
  Placement placement;
  Extent sizes;
  std::uint64_t in_file = 1;
  for (const AxisSelection& a : file) {
    sizes.push_back(a.size());
    in_file *= a.size();
  }
  std::uint64_t in_memory = 1;
  for (std::size_t m = 0; m < memory.size(); ++m) {
    const AxisSelection& a = memory[m];
    placement.base += a.start * rows[m];
    // Behind an axis of several positions only whole ones.
    if (!a.contiguous() || (in_memory > 1 && a.size() != dims[m])) return std::nullopt;
    in_memory *= a.size();
  }
  if (in_file != in_memory) return std::nullopt;
  placement.steps = row_major(sizes);
  return placement;
}

/// Calls `each(at)` for all combinations with at[d] < counts(d), the last one fastest.
template <class Counts, class Each>
void for_each_combination(std::size_t rank, Counts counts, Each each) {
  std::vector<std::size_t> at(rank, 0);
  for (;;) {
    each(at);
    std::size_t d = rank;
    while (d > 0 && ++at[d - 1] == counts(d - 1)) at[--d] = 0;
    if (d == 0) return;
  }
}

void repeat(Pattern& pattern, const Pattern::Repeat& next) {
  if (next.count == 1) return;
  if (pattern.repeats.empty()) {
    std::uint64_t& length = pattern.run.length;
    if (next.chunk_step == length && next.memory_step == length) {
      length *= next.count;
      return;
    }
  } else {
    Pattern::Repeat& last = pattern.repeats.back();
    if (last.count * last.chunk_step == next.chunk_step &&
        last.count * last.memory_step == next.memory_step) {
      last.count *= next.count;
      return;
    }
  }
  pattern.repeats.push_back(next);
}

class RegularPlanner {
 public:
  RegularPlanner(const Grid& grid, const Hyperslab& file, Placement placement)
      : grid_(grid), file_(file), placement_(std::move(placement)), rows_(row_major(grid.chunk)) {
    for (std::size_t d = 0; d < file.size(); ++d) {
      AxisSelection& a = file_[d];
      if (a.contiguous()) a = {a.start, a.size(), 1, a.size()};
      parts_.push_back(parts_of(a, grid.chunk[d]));
    }
  }

  std::vector<ChunkPlan> run() const {
    std::vector<ChunkPlan> plans;
    std::size_t chunks = 1;
    for (const auto& parts : parts_) chunks *= parts.size();
    plans.reserve(chunks);
    for_each_combination(
        parts_.size(), [&](std::size_t d) { return parts_[d].size(); },
        [&](const std::vector<std::size_t>& at) { plans.push_back(plan_chunk(at)); });
    return plans;
  }

 private:
  ChunkPlan plan_chunk(const std::vector<std::size_t>& at) const {
    const std::size_t rank = parts_.size();
    ChunkPlan plan;
    plan.elements = 1;
    plan.index.reserve(rank);
    std::size_t patterns = 1;
    for (std::size_t d = 0; d < rank; ++d) {
      const Part& part = parts_[d][at[d]];
      plan.index.push_back(part.index);
      plan.elements *= part.positions;
      patterns *= part.pieces.size();
    }
    plan.covers_chunk = plan.elements == grid_.elements_inside(plan.index);
    if (patterns == 1) {
      plan.patterns.push_back(pattern([&](std::size_t d) { return parts_[d][at[d]].pieces[0]; }));
      return plan;
    }
    plan.patterns.reserve(patterns);
    for_each_combination(
        rank, [&](std::size_t d) { return parts_[d][at[d]].pieces.size(); },
        [&](const std::vector<std::size_t>& piece) {
          plan.patterns.push_back(
              pattern([&](std::size_t d) { return parts_[d][at[d]].pieces[piece[d]]; }));
        });
    return plan;
  }

  template <class PieceOf>
  Pattern pattern(PieceOf piece_of) const {
    Pattern pattern{{0, placement_.base, 1}, {}};
    for (std::size_t d = file_.size(); d-- > 0;) {
      const Piece piece = piece_of(d);
      const std::uint64_t row = rows_[d];
      const std::uint64_t step = placement_.steps[d];
      pattern.run.chunk_offset += piece.in_chunk * row;
      pattern.run.memory_offset += piece.ordinal * step;
      repeat(pattern, {piece.length, row, step});
      repeat(pattern, {piece.count, file_[d].stride * row, file_[d].block * step});
    }
    return pattern;
  }

  const Grid& grid_;
  Hyperslab file_;
  const Placement placement_;
  const std::vector<std::uint64_t> rows_;  ///< elements of a chunk per position of each axis
  std::vector<std::vector<Part>> parts_;   ///< per axis, ascending
};

bool inside(const Hyperslab& slab, const Extent& dims) {
  if (slab.size() != dims.size()) return false;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    const AxisSelection& a = slab[d];
    // Written so that nothing can overflow.
    if (a.block == 0 || a.count == 0 || a.block > dims[d] || a.start > dims[d] - a.block) {
      return false;
    }
    if (a.count > 1 &&
        (a.stride < a.block || (dims[d] - a.block - a.start) / a.stride < a.count - 1)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<std::vector<ChunkPlan>> plan_regular(const Grid& grid, const Hyperslab& file,
                                                   const Extent& memory_dims,
                                                   const Hyperslab& memory) {
  if (!inside(file, grid.dims) || !inside(memory, memory_dims)) return std::nullopt;
  std::optional<Placement> placement = match_axes(file, memory_dims, memory);
  if (!placement) placement = match_range(file, memory_dims, memory);
  if (!placement) return std::nullopt;
  return RegularPlanner(grid, file, std::move(*placement)).run();
}

Result<std::vector<ChunkPlan>> plan(const Grid& grid, const Selection& file,
                                    const Selection& memory) {
  if (file.regular && memory.regular) {
    if (auto plans = plan_regular(grid, *file.regular, memory.dims, *memory.regular)) {
      return std::move(*plans);
    }
  }
  return plan(grid, sequences_of(file), sequences_of(memory), file.unique);
}

}  // namespace arraymorph::chunk
