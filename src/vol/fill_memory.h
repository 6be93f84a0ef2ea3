// Elements in memory that no source of a virtual dataset provides, and the fill value for them.
#pragma once

#include <vector>

#include "arraymorph/status.h"
#include "hdf5/handle.h"
#include "vol/object.h"

namespace arraymorph::vol {

/// Whether each element that `memory_space` selects is in one of `provided`, all of one extent.
Result<bool> provides_all(hid_t memory_space, const std::vector<hid_t>& provided);

/// Puts the fill value of the virtual dataset `object` into the elements of `buffer` that
/// `memory_space` selects and none of `provided` does, all of one extent. Each element gets its own
/// copy of what variable-length data points to, as HDF5's readers will free each.
Status fill_memory(const Object& object, hid_t memory_type, hid_t memory_space,
                   const std::vector<hid_t>& provided, void* buffer);

}  // namespace arraymorph::vol
