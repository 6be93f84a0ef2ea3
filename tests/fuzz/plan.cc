// The selection planner against an element-by-element walk: small and huge extents, regular
// hyperslabs, lists of points, sides that do and do not correspond.
#include "chunk/plan.h"

#include <map>
#include <numeric>
#include <utility>

#include "fuzz/input.h"

using namespace arraymorph;
using namespace arraymorph::chunk;

namespace {

constexpr std::uint64_t kMostPoints = 2048;

using Elements = std::vector<std::uint64_t>;  // offsets in an extent, in selection order
// Where an element of the file ends up: place in memory of the last one that names it.
using Targets = std::map<std::pair<Index, std::uint64_t>, std::uint64_t>;

std::uint64_t product(const Extent& dims) {
  return std::accumulate(dims.begin(), dims.end(), std::uint64_t{1}, std::multiplies<>());
}

/// All elements, position by position. `slab` lies inside `dims`.
Elements enumerate(const Extent& dims, const Hyperslab& slab) {
  Elements elements{0};
  for (std::size_t d = 0; d < dims.size(); ++d) {
    Elements next;
    for (const std::uint64_t base : elements) {
      for (std::uint64_t k = 0; k < slab[d].count; ++k) {
        for (std::uint64_t b = 0; b < slab[d].block; ++b) {
          next.push_back(base * dims[d] + slab[d].start + k * slab[d].stride + b);
        }
      }
    }
    elements = std::move(next);
  }
  return elements;
}

Elements enumerate(const Selection& selection) {
  if (selection.regular) return enumerate(selection.dims, *selection.regular);
  Elements elements;
  for (const Sequence& sequence : selection.sequences) {
    for (std::uint64_t k = 0; k < sequence.length; ++k) elements.push_back(sequence.offset + k);
  }
  return elements;
}

/// Chunk and place in it of the element at `offset` of the extent.
std::pair<Index, std::uint64_t> place_of(const Grid& grid, std::uint64_t offset) {
  Index index(grid.dims.size());
  std::uint64_t in_chunk = 0;
  std::uint64_t row = 1;
  for (std::size_t d = grid.dims.size(); d-- > 0;) {
    const std::uint64_t at = offset % grid.dims[d];
    offset /= grid.dims[d];
    index[d] = at / grid.chunk[d];
    in_chunk += at % grid.chunk[d] * row;
    row *= grid.chunk[d];
  }
  return {index, in_chunk};
}

void check(const Grid& grid, const std::vector<ChunkPlan>& plans, const Elements& file,
           const Elements& memory, bool unique) {
  Targets expected;
  std::map<Index, std::uint64_t> counts;
  std::vector<Index> order;
  for (std::size_t i = 0; i < file.size(); ++i) {
    const auto place = place_of(grid, file[i]);
    expected[place] = memory[i];
    if (++counts[place.first] == 1) order.push_back(place.first);
  }
  fuzz::require(plans.size() == order.size(), "another number of chunks");
  Targets found;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    const ChunkPlan& plan = plans[i];
    fuzz::require(plan.index == order[i], "chunks in another order");
    fuzz::require(plan.runs.empty() || plan.patterns.empty(), "runs and patterns");
    std::uint64_t elements = 0;
    for_each_run(plan, [&](const Run& run) {
      fuzz::require(run.length > 0, "an empty run");
      elements += run.length;
      fuzz::require(elements <= kMostPoints, "too many elements");
      for (std::uint64_t k = 0; k < run.length; ++k) {
        found[{plan.index, run.chunk_offset + k}] = run.memory_offset + k;
      }
    });
    fuzz::require(elements == plan.elements && elements == counts[plan.index],
                  "another number of elements");
    const bool covers = unique && elements == grid.elements_inside(plan.index);
    fuzz::require(plan.covers_chunk == covers, "covers_chunk is wrong");
  }
  fuzz::require(found == expected, "elements go elsewhere");
}

/// Mostly small; one in eight of any size, so that products come near 2^63.
std::uint64_t extent(fuzz::Input& input) {
  const std::uint64_t small = input.byte();
  return small < 224 ? small % 12 : input.number(1 + input.up_to(7));
}

AxisSelection axis(fuzz::Input& input, std::uint64_t dim, bool inside) {
  if (!inside) return {extent(input), extent(input), extent(input), extent(input)};
  AxisSelection a;
  a.block = 1 + input.up_to(6) % dim;
  a.start = extent(input) % (dim - a.block + 1);
  const std::uint64_t left = dim - a.block - a.start;
  a.stride = a.block + extent(input) / 2;
  a.count = 1 + std::min<std::uint64_t>(input.up_to(10), left / a.stride);
  if (a.count == 1 && input.byte() % 2 == 0) a.stride = extent(input);  // HDF5 allows any
  return a;
}

Hyperslab slab(fuzz::Input& input, const Extent& dims, bool inside) {
  Hyperslab slab;
  for (const std::uint64_t dim : dims) slab.push_back(axis(input, dim, inside && dim > 0));
  return slab;
}

std::uint64_t points_of(const Hyperslab& slab) {
  std::uint64_t points = 1;
  for (const AxisSelection& a : slab) {
    if (a.count > kMostPoints || a.block > kMostPoints) return kMostPoints + 1;
    points *= a.size();
    if (points > kMostPoints) return points;
  }
  return points;
}

Extent dims_of(fuzz::Input& input, std::size_t rank) {
  Extent dims;
  for (std::size_t d = 0; d < rank; ++d) dims.push_back(extent(input));
  return dims;
}

/// A selection of `points` elements of an extent of `dims`; points 0: as many as it likes.
Selection select(fuzz::Input& input, const Extent& dims) {
  Selection selection;
  selection.dims = dims;
  const std::uint64_t all = product(dims);
  if (input.byte() % 2 == 0 && all > 0) {
    selection.regular = slab(input, dims, true);
    selection.points = points_of(*selection.regular);
    return selection;
  }
  selection.unique = false;
  for (std::uint64_t n = input.up_to(30); n > 0 && all > 0; --n) {
    const std::uint64_t offset = input.number(8) % all;
    const std::uint64_t length = std::min(1 + input.up_to(8), all - offset);
    selection.sequences.push_back({offset, length});
    selection.points += length;
  }
  return selection;
}

bool inside(const Extent& dims, const Hyperslab& slab) {
  for (std::size_t d = 0; d < dims.size(); ++d) {
    const AxisSelection& a = slab[d];
    if (a.block == 0 || a.count == 0) return false;
    if (a.count > 1 && a.stride < a.block) return false;
    const std::uint64_t steps = a.count - 1;
    std::uint64_t end = 0;
    const bool overflows = __builtin_mul_overflow(steps, steps > 0 ? a.stride : 0, &end) ||
                           __builtin_add_overflow(end, a.start, &end) ||
                           __builtin_add_overflow(end, a.block, &end);
    if (overflows || end > dims[d]) return false;
  }
  return true;
}

/// plan_regular on sides of any kind refuses, or is right.
void regular(fuzz::Input& input, const Grid& grid) {
  const Hyperslab file = slab(input, grid.dims, input.byte() % 4 != 0);
  const Extent memory_dims = input.byte() % 2 == 0 ? grid.dims : dims_of(input, input.up_to(4));
  Grid memory_grid{memory_dims, Extent(memory_dims.size(), 1), 1};
  if (!validate(memory_grid).ok()) return;
  const Hyperslab memory = input.byte() % 2 == 0 && memory_dims == grid.dims
                               ? file
                               : slab(input, memory_dims, input.byte() % 4 != 0);
  const bool fits = inside(grid.dims, file) && inside(memory_dims, memory);
  if (fits && (points_of(file) > kMostPoints || points_of(memory) > kMostPoints)) return;
  const auto plans = plan_regular(grid, file, memory_dims, memory);
  if (!plans) return;
  fuzz::require(fits, "a selection that leaves its extent is planned");
  fuzz::require(points_of(file) == points_of(memory), "sides of different sizes are planned");
  check(grid, *plans, enumerate(grid.dims, file), enumerate(memory_dims, memory), true);
}

void general(fuzz::Input& input, const Grid& grid) {
  const Selection file = select(input, grid.dims);
  if (file.points > kMostPoints) return;
  Selection memory = block(file.points);
  switch (input.up_to(2)) {
    case 0:
      break;
    case 1:
      memory = select(input, grid.dims);
      break;
    default: {
      const Extent dims = dims_of(input, input.up_to(4));
      if (!validate(Grid{dims, Extent(dims.size(), 1), 1}).ok()) return;
      memory = select(input, dims);
    }
  }
  if (memory.points > kMostPoints) return;
  const Elements file_elements = enumerate(file);
  const Elements memory_elements = enumerate(memory);
  const auto either = plan(grid, file, memory);
  const auto walk = plan(grid, sequences_of(file), sequences_of(memory), file.unique);
  const bool same = file_elements.size() == memory_elements.size();
  fuzz::require(either.ok() == same && walk.ok() == same, "sides of different sizes");
  if (!same) return;
  check(grid, *either, file_elements, memory_elements, file.unique);
  check(grid, *walk, file_elements, memory_elements, file.unique);
}

/// Sequences of any kind are refused or stay inside.
void hostile(fuzz::Input& input, const Grid& grid) {
  std::vector<Sequence> file;
  std::uint64_t points = 0;
  for (std::uint64_t n = input.up_to(4); n > 0; --n) {
    file.push_back({input.number(8), input.up_to(20)});
    points += file.back().length;
  }
  const std::vector<Sequence> memory{{0, points}};
  const auto plans = plan(grid, file, memory, false);
  for (const Sequence& sequence : file) {
    const std::uint64_t all = product(grid.dims);
    const bool fits = sequence.offset <= all && sequence.length <= all - sequence.offset;
    if (!fits) fuzz::require(!plans.ok(), "a sequence that leaves the extent is planned");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint64_t kind = input.up_to(4);
  const std::size_t rank = input.up_to(4);
  Grid grid;
  grid.dims = dims_of(input, rank);
  for (std::size_t d = 0; d < rank; ++d) {
    const std::uint64_t chunk = extent(input);
    grid.chunk.push_back(input.byte() % 4 == 0 ? grid.dims[d] : chunk);
  }
  grid.element_size = 1 + input.up_to(7);
  if (!validate(grid).ok()) return 0;
  if (kind < 2) {
    general(input, grid);
  } else if (kind < 4) {
    regular(input, grid);
  } else {
    hostile(input, grid);
  }
  return 0;
}
