// Dataspaces: HDF5 selections as those of the chunk layer.
#pragma once

#include "chunk/selection.h"
#include "hdf5/handle.h"

namespace arraymorph::hdf5 {

/// Current extent of `space`; empty for scalar and null spaces.
chunk::Extent extent_of(hid_t space);
/// Current and maximum extents are equal in every dimension.
bool has_fixed_extent(hid_t space);

/// The selection of `space`, offset (H5Soffset_simple) included. Errors: invalid_argument when
/// it leaves the extent, internal when HDF5 refuses.
Result<chunk::Selection> selection_of(hid_t space);

/// The file selection and the memory selection of one H5Dread or H5Dwrite, with the special
/// values H5S_ALL and H5S_BLOCK resolved. `file_extent`: the dataset's extent.
struct TransferSelection {
  chunk::Selection file;
  chunk::Selection memory;
};
Result<TransferSelection> resolve(hid_t memory_space, hid_t file_space,
                                  const chunk::Extent& file_extent);

}  // namespace arraymorph::hdf5
