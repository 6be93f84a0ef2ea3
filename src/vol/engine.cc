#include "vol/engine.h"

#include "hdf5/error.h"
#include "hdf5/handle.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;

/// Bytes of the chunk cache of a file access list; 0 when HDF5 does not tell.
std::size_t cache_of(hid_t fapl_id) {
  int metadata_elements = 0;
  std::size_t slots = 0;
  std::size_t bytes = 0;
  double preemption = 0;
  const herr_t result =
      api().H5Pget_cache(fapl_id, &metadata_elements, &slots, &bytes, &preemption);
  return result < 0 ? 0 : bytes;
}

CacheClaim claim(const Config& config, std::size_t bytes) {
  const hdf5::Handle fresh(api().H5Pcreate(ARRAYMORPH_HDF5_ID(H5P_CLS_FILE_ACCESS_ID_g)));
  if (bytes <= cache_of(fresh.get())) return nullptr;
  return engine(config)->claim_cache(bytes);
}

}  // namespace

std::shared_ptr<chunk::Engine> engine(const Config& config) {
  auto& shared = context().engine;
  if (!shared) {
    chunk::EngineLimits limits;
    limits.cache_bytes = config.cache_bytes;
    limits.in_flight_bytes = config.in_flight_bytes;
    limits.read_ahead_bytes = config.read_ahead_bytes;
    limits.connections = config.connections;
    limits.checksums = config.checksums != Checksums::off;
    shared = std::make_shared<chunk::Engine>(limits, config.codec_threads);
  }
  return shared;
}

CacheClaim claim_of_file(const Config& config, hid_t fapl_id) {
  return claim(config, cache_of(fapl_id));
}

CacheClaim claim_of_dataset(const Config& config, hid_t dapl_id) {
  const hdf5::SilenceErrors silence;
  std::size_t slots = 0;
  std::size_t bytes = 0;
  double preemption = 0;
  if (api().H5Pget_chunk_cache(dapl_id, &slots, &bytes, &preemption) < 0) return nullptr;
  return claim(config, bytes);
}

}  // namespace arraymorph::vol
