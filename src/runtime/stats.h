// Counters of the process: what was asked of the stores and what the cache saved.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

namespace arraymorph {

/// Every counter, in the order of to_json. Requests are counted once per verb the caller asked
/// for, except `retries`, which counts the extra attempts inside the engine.
#define ARRAYMORPH_COUNTERS(X)                                 \
  X(get_requests)     /* ObjectStore::get */                   \
  X(put_requests)     /* ObjectStore::put */                   \
  X(head_requests)    /* ObjectStore::head */                  \
  X(list_requests)    /* ObjectStore::list, one per page */    \
  X(remove_requests)  /* ObjectStore::remove, one per key */   \
  X(copy_requests)    /* ObjectStore::copy */                  \
  X(bytes_read)       /* bodies received by get */             \
  X(bytes_written)    /* bodies stored by put */               \
  X(retries)          /* attempts after the first */           \
  X(errors)           /* verbs that failed, not_found apart */ \
  X(cache_hits)       /* chunks found decoded in the cache */  \
  X(cache_misses)     /* chunks that had to be loaded */       \
  X(range_requests)   /* gets of a part of a chunk */          \
  X(readahead_chunks) /* chunks fetched before a call asked */ \
  X(readahead_used)   /* of these, used by a call */           \
  X(readahead_unused) /* of these, dropped without use */      \
  X(commits)          /* metadata objects stored */

struct Stats {
#define ARRAYMORPH_COUNTER(name) std::atomic<std::uint64_t> name{0};
  ARRAYMORPH_COUNTERS(ARRAYMORPH_COUNTER)
#undef ARRAYMORPH_COUNTER
};

/// The one instance; never destroyed.
Stats& stats() noexcept;

/// Relaxed add: counters order nothing.
inline void count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) noexcept {
  counter.fetch_add(by, std::memory_order_relaxed);
}

/// {"get_requests": 12, ...}; each value is exact, the set is not one instant.
std::string stats_to_json();
void reset_stats() noexcept;

}  // namespace arraymorph
