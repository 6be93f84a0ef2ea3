// Engine: what the arrays of a process share: codec threads, cache budget, bytes in flight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "chunk/link.h"
#include "runtime/thread_pool.h"

namespace arraymorph::chunk {

struct EngineLimits {
  std::uint64_t cache_bytes = 256ull << 20;      ///< decoded chunks kept, clean and dirty
  std::uint64_t in_flight_bytes = 256ull << 20;  ///< decoded size of the chunks under way
  std::size_t in_flight_requests = 512;          ///< chunks under way, however small; > 0
  std::uint64_t read_ahead_bytes = 64ull << 20;  ///< chunks fetched ahead and not used; 0: never
  std::uint64_t whole_bytes = 128ull << 10;      ///< chunks no larger are never read in part
  LinkCost link = {};                            ///< what requests cost until that is measured
};

struct Shared;  // chunk/state.h

/// The arrays of one engine are used under one lock (that of one libhdf5): eviction for one
/// array may encode and send chunks of another. Two libraries need two engines.
class Engine {
 public:
  Engine(const EngineLimits& limits, unsigned codec_threads);
  ~Engine();  ///< joins the codec threads; every Array holds a reference
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  EngineLimits limits() const;
  /// From now on these: cache, bytes in flight, read-ahead and the number of threads. Chunks that
  /// are too many now leave the cache.
  void change(const EngineLimits& limits, unsigned codec_threads);

  /// Ask for a cache budget of at least `bytes` for as long as the claim is held: the budget is
  /// the largest of the claims and of what the engine was made with.
  class Claim;
  std::shared_ptr<Claim> claim_cache(std::uint64_t bytes);

  /// Bytes of chunks in the cache, at rest or being written.
  std::uint64_t cached_bytes() const;

  /// For this folder.
  const std::shared_ptr<Shared>& shared() const { return shared_; }

 private:
  ThreadPool pool_;
  std::shared_ptr<Shared> shared_;
  std::uint64_t cache_bytes_;  ///< without claims
};

}  // namespace arraymorph::chunk
