// Questions about stored chunks: direct chunk I/O, chunk info and iteration, storage size.
#pragma once

#include "arraymorph/status.h"
#include "vol/object.h"

namespace arraymorph::vol {

/// H5VL_DATASET_GET_STORAGE_SIZE and H5VL_DATASET_GET_SPACE_STATUS of a prepared dataset.
Status storage_of(Object& object, H5VL_dataset_get_args_t& args);

/// The native connector's optional operations on chunks, answered for chunk objects. `handled`
/// stays false for operations that native answers rightly itself. A chunk object has no place in
/// a file: the "address" reported for one that exists is only its running position in the listing.
Status direct_chunk(Object& object, H5VL_optional_args_t& args, bool& handled);

}  // namespace arraymorph::vol
