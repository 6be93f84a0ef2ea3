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

CacheClaim claim(std::size_t bytes) {
  const hdf5::Handle fresh(api().H5Pcreate(ARRAYMORPH_HDF5_ID(H5P_CLS_FILE_ACCESS_ID_g)));
  if (bytes <= cache_of(fresh.get())) return nullptr;
  return engine()->claim_cache(bytes);
}

}  // namespace

void use_settings(const Config& config) {
  Context& ctx = context();
  ctx.limits.cache_bytes = config.cache_bytes;
  ctx.limits.in_flight_bytes = config.in_flight_bytes;
  ctx.limits.read_ahead_bytes = config.read_ahead_bytes;
  ctx.codec_threads = config.codec_threads;
  if (ctx.engine) ctx.engine->change(ctx.limits, ctx.codec_threads);
}

std::shared_ptr<chunk::Engine> engine() {
  Context& ctx = context();
  if (!ctx.engine) ctx.engine = std::make_shared<chunk::Engine>(ctx.limits, ctx.codec_threads);
  return ctx.engine;
}

CacheClaim claim_of_file(hid_t fapl_id) { return claim(cache_of(fapl_id)); }

CacheClaim claim_of_dataset(hid_t dapl_id) {
  const hdf5::SilenceErrors silence;
  std::size_t slots = 0;
  std::size_t bytes = 0;
  double preemption = 0;
  if (api().H5Pget_chunk_cache(dapl_id, &slots, &bytes, &preemption) < 0) return nullptr;
  return claim(bytes);
}

}  // namespace arraymorph::vol
