// Dataset creation property lists: what they say about storage.
#pragma once

#include <optional>
#include <vector>

#include "arraymorph/codec.h"
#include "chunk/grid.h"
#include "hdf5/handle.h"

namespace arraymorph::hdf5 {

/// Chunk extents of a chunked layout of `rank` dimensions; empty on failure.
chunk::Extent chunk_extent(hid_t dcpl, std::size_t rank);

/// The filter pipeline in order.
std::vector<FilterSpec> filters_of(hid_t dcpl);

/// One element of fill value in `type`; an empty Buffer means zeros (none, or not defined).
Result<Buffer> fill_value_of(hid_t dcpl, hid_t type);

}  // namespace arraymorph::hdf5
