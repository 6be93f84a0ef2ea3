// The chunk engine of the current libhdf5, and what access lists ask of its cache.
#pragma once

#include <memory>

#include "runtime/config.h"
#include "vol/context.h"

namespace arraymorph::vol {

/// What a file that is being opened says of cache, bytes in flight, read-ahead and codec threads
/// counts for all files of the library from now on.
void use_settings(const Config& config);

/// Made at the first use, with the settings used last.
std::shared_ptr<chunk::Engine> engine();

/// What H5Pset_cache (h5py: rdcc_nbytes) or H5Pset_chunk_cache of an access list asks for, when
/// that is more than HDF5's own default; null otherwise. All open files and datasets share one
/// cache: it is as large as the largest of them asks, at least ARRAYMORPH_CACHE_BYTES.
CacheClaim claim_of_file(hid_t fapl_id);
CacheClaim claim_of_dataset(hid_t dapl_id);

}  // namespace arraymorph::vol
