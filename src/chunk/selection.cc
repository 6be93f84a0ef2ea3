#include "chunk/selection.h"

#include <functional>
#include <numeric>

namespace arraymorph::chunk {
namespace {

void append(std::vector<Sequence>& sequences, std::uint64_t offset, std::uint64_t length) {
  if (!sequences.empty()) {
    Sequence& last = sequences.back();
    if (last.offset + last.length == offset) {
      last.length += length;
      return;
    }
  }
  sequences.push_back({offset, length});
}

// `offset`: of the rows that the axes before `axis` have chosen; `rows`: elements per step on each.
void list(const Hyperslab& slab, const std::vector<std::uint64_t>& rows, std::size_t axis,
          std::uint64_t offset, std::vector<Sequence>& out) {
  const AxisSelection& a = slab[axis];
  for (std::uint64_t k = 0; k < a.count; ++k) {
    const std::uint64_t at = offset + (a.start + k * a.stride) * rows[axis];
    if (axis + 1 == slab.size()) {
      append(out, at, a.block);
      continue;
    }
    for (std::uint64_t b = 0; b < a.block; ++b)
      list(slab, rows, axis + 1, at + b * rows[axis], out);
  }
}

}  // namespace

Selection whole(const Extent& dims) {
  Selection selection;
  selection.dims = dims;
  selection.points =
      std::accumulate(dims.begin(), dims.end(), std::uint64_t{1}, std::multiplies<>());
  Hyperslab& slab = selection.regular.emplace();
  for (const std::uint64_t extent : dims) slab.push_back({0, 1, 1, extent});
  return selection;
}

Selection block(std::uint64_t points) { return whole({points}); }

std::vector<Sequence> sequences_of(const Selection& selection) {
  if (!selection.regular) return selection.sequences;
  std::vector<Sequence> sequences;
  if (selection.points == 0) return sequences;
  const Hyperslab& slab = *selection.regular;
  if (slab.empty()) return {{0, 1}};
  std::vector<std::uint64_t> rows(slab.size(), 1);
  for (std::size_t d = slab.size() - 1; d-- > 0;) rows[d] = rows[d + 1] * selection.dims[d + 1];
  list(slab, rows, 0, 0, sequences);
  return sequences;
}

}  // namespace arraymorph::chunk
