#include "chunk/engine.h"

#include "chunk/cache.h"
#include "chunk/state.h"

namespace arraymorph::chunk {

Engine::Engine(const EngineLimits& limits, unsigned codec_threads)
    : pool_(codec_threads),
      shared_(std::make_shared<Shared>(limits, pool_)),
      cache_bytes_(limits.cache_bytes) {
  shared_->cache_claims.insert(limits.cache_bytes);
}

Engine::~Engine() = default;

EngineLimits Engine::limits() const {
  const Lock lock(shared_->mutex);
  return shared_->limits;
}

void Engine::change(const EngineLimits& limits, unsigned codec_threads) {
  pool_.resize(codec_threads);
  const Lock lock(shared_->mutex);
  auto& claims = shared_->cache_claims;
  claims.erase(claims.find(cache_bytes_));
  claims.insert(limits.cache_bytes);
  cache_bytes_ = limits.cache_bytes;
  shared_->limits.cache_bytes = *claims.rbegin();
  shared_->limits.in_flight_bytes = limits.in_flight_bytes;
  shared_->limits.read_ahead_bytes = limits.read_ahead_bytes;
  trim(*shared_);
  shared_->changed.notify_all();
}

class Engine::Claim {
 public:
  Claim(std::shared_ptr<Shared> shared, std::uint64_t bytes) : shared_(std::move(shared)) {
    const Lock lock(shared_->mutex);
    at_ = shared_->cache_claims.insert(bytes);
    apply();
  }
  ~Claim() {
    const Lock lock(shared_->mutex);
    shared_->cache_claims.erase(at_);
    apply();
    trim(*shared_);
  }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

 private:
  void apply() { shared_->limits.cache_bytes = *shared_->cache_claims.rbegin(); }

  const std::shared_ptr<Shared> shared_;
  std::multiset<std::uint64_t>::iterator at_;
};

std::shared_ptr<Engine::Claim> Engine::claim_cache(std::uint64_t bytes) {
  return std::make_shared<Claim>(shared_, bytes);
}

std::uint64_t Engine::cached_bytes() const {
  const Lock lock(shared_->mutex);
  return shared_->cached_bytes;
}

}  // namespace arraymorph::chunk
