// Dataspaces: HDF5 selections as plain sequences of elements.
#pragma once

#include <vector>

#include "chunk/plan.h"
#include "hdf5/handle.h"

namespace arraymorph::hdf5 {

/// A selection, free of HDF5.
struct Selection {
  chunk::Extent dims;                      ///< extent of the space the offsets count in
  std::vector<chunk::Sequence> sequences;  ///< in selection order
  std::uint64_t points = 0;                ///< elements selected
  bool unique = true;                      ///< no element is selected twice
};

/// Current extent of `space`; empty for scalar and null spaces.
chunk::Extent extent_of(hid_t space);
/// Current and maximum extents are equal in every dimension.
bool has_fixed_extent(hid_t space);

/// The selection of `space`, offset (H5Soffset_simple) included. Errors: invalid_argument when
/// it leaves the extent, internal when HDF5 refuses.
Result<Selection> selection_of(hid_t space);
/// Everything in an extent of `dims`.
Selection whole(const chunk::Extent& dims);
/// `points` consecutive elements.
Selection block(std::uint64_t points);

/// The file selection and the memory selection of one H5Dread or H5Dwrite, with the special
/// values H5S_ALL and H5S_BLOCK resolved. `file_extent`: the dataset's extent.
struct TransferSelection {
  Selection file;
  Selection memory;
};
Result<TransferSelection> resolve(hid_t memory_space, hid_t file_space,
                                  const chunk::Extent& file_extent);

}  // namespace arraymorph::hdf5
