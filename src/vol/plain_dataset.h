// Datasets of plain HDF5 files: read from where their chunks lie in the one object.
#pragma once

#include "arraymorph/status.h"
#include "vol/object.h"

namespace arraymorph::vol {

/// Sets Object::in_place for a dataset of a plain file whose reads are ours: chunked or contiguous,
/// elements of fixed size, larger than what comes with the metadata anyway, and of filters that are
/// built in. All others are left to native, which reads through the driver. At the first call the
/// index of chunks is read, in a few requests however many chunks there are.
Status place_dataset(Object& object);

/// A plain file has been opened: what its creation list says about how to read it.
void adapt_to_file(const Object& file);

}  // namespace arraymorph::vol
