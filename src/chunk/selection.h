// Selections: which elements of an extent one side of a transfer takes, in which order. No HDF5.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "chunk/grid.h"

namespace arraymorph::chunk {

/// A run of consecutive elements in row-major order of some extent.
struct Sequence {
  std::uint64_t offset = 0;  ///< elements from the start of the extent
  std::uint64_t length = 0;  ///< elements, > 0
};

/// One axis of a regular hyperslab: `count` blocks of `block` elements, one every `stride`. Blocks
/// do not overlap.
struct AxisSelection {
  std::uint64_t start = 0;
  std::uint64_t stride = 1;
  std::uint64_t count = 1;
  std::uint64_t block = 1;

  std::uint64_t size() const { return count * block; }
  /// The blocks touch each other, or there is only one.
  bool contiguous() const { return count == 1 || stride == block; }
};

/// One per dimension, slowest first.
using Hyperslab = std::vector<AxisSelection>;

struct Selection {
  Extent dims;  ///< extent that offsets count in
  /// Set for regular hyperslabs and whole extents, whose sequences are not listed.
  std::optional<Hyperslab> regular;
  std::vector<Sequence> sequences;  ///< otherwise: in selection order
  std::uint64_t points = 0;         ///< elements selected
  bool unique = true;               ///< no element is selected twice
};

/// Everything in an extent of `dims`.
Selection whole(const Extent& dims);

/// `points` consecutive elements.
Selection block(std::uint64_t points);

/// The sequences of any selection, in selection order.
std::vector<Sequence> sequences_of(const Selection& selection);

}  // namespace arraymorph::chunk
