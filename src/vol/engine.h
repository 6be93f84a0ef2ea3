// The chunk engine of the current libhdf5, and what access lists ask of its cache.
#pragma once

#include <memory>

#include "runtime/config.h"
#include "vol/context.h"

namespace arraymorph::vol {

/// Made at the first use with the limits of `config`.
std::shared_ptr<chunk::Engine> engine(const Config& config);

/// What H5Pset_cache (h5py: rdcc_nbytes) or H5Pset_chunk_cache of an access list asks for, when
/// that is more than HDF5's own default; null otherwise. All open files and datasets share one
/// cache: it is as large as the largest of them asks, at least ARRAYMORPH_CACHE_BYTES.
CacheClaim claim_of_file(const Config& config, hid_t fapl_id);
CacheClaim claim_of_dataset(const Config& config, hid_t dapl_id);

}  // namespace arraymorph::vol
