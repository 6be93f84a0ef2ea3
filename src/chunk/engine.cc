#include "chunk/engine.h"

#include "chunk/state.h"

namespace arraymorph::chunk {

Engine::Engine(const EngineLimits& limits, unsigned codec_threads)
    : pool_(codec_threads), shared_(std::make_shared<Shared>(limits, pool_)) {}

Engine::~Engine() = default;

const EngineLimits& Engine::limits() const { return shared_->limits; }

std::uint64_t Engine::cached_bytes() const {
  const Lock lock(shared_->mutex);
  return shared_->cached_bytes;
}

}  // namespace arraymorph::chunk
