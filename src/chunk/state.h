// The state behind Engine and Array, shared with the callbacks of requests under way.
//
// One mutex per engine guards everything here except the bytes of a chunk: those are changed
// only by the calling thread, or for it while `filling`, and never while `lent`. Callbacks own
// Shared and ArrayState but not the store or the codec threads, so that the last reference to those
// is never dropped on one of their own threads.
#pragma once

#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "chunk/array.h"
#include "chunk/engine.h"
#include "chunk/link.h"
#include "chunk/places.h"
#include "chunk/read_ahead.h"
#include "runtime/lifecycle.h"

namespace arraymorph::chunk {

using Lock = std::unique_lock<std::mutex>;

struct ArrayState;
struct Load;  // chunk/load.h

/// A chunk in the cache. It may hold `data`, `raw`, both (raw bytes and what they decode to), or
/// neither while it is being loaded.
struct Entry {
  enum class Place { none, clean, dirty, failed };

  ArrayState* array = nullptr;
  Index index;
  std::shared_ptr<Buffer> data;       ///< decoded
  std::shared_ptr<const Buffer> raw;  ///< as H5Dwrite_chunk gave them, not stored yet
  std::uint32_t raw_mask = 0;
  bool dirty = false;       ///< differs from what is stored or being stored
  bool writing = false;     ///< a PUT is under way, encoding included
  bool lent = false;        ///< a codec or the store reads `data`: copy before changing it
  bool filling = false;     ///< `data` is being made on a codec thread, for the calling thread
  bool leaving = false;     ///< being written so as to be dropped
  bool unsaved = false;     ///< counted in ArrayState::unsaved
  bool ahead = false;       ///< fetched ahead, not used yet; counted in Shared::ahead_bytes
  bool unsure = false;      ///< `data` is the fill value for want of an object, not confirmed yet
  Load* load = nullptr;     ///< on its way here; what it brings is what is stored
  unsigned pins = 0;        ///< a call or load uses it: not evicted
  std::uint64_t flush = 0;  ///< last flush that tried to store it
  std::uint64_t used = 0;   ///< clock of the last use
  std::uint64_t bytes = 0;  ///< counted in Shared::cached_bytes
  Status failure;           ///< of the last PUT, until one succeeds
  Place place = Place::none;
  std::list<Entry*>::iterator position;
};

struct Shared {
  Shared(const EngineLimits& l, ThreadPool& p) : limits(l), pool(p) {}

  EngineLimits limits;  ///< follows Engine::change and Engine::claim_cache
  ThreadPool& pool;     ///< used only while an Array keeps the Engine alive
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t cached_bytes = 0;
  std::uint64_t leaving_bytes = 0;
  std::uint64_t in_flight_bytes = 0;
  std::size_t in_flight_requests = 0;
  std::size_t writing = 0;        ///< entries
  std::uint64_t ahead_bytes = 0;  ///< chunks fetched ahead, under way or not used yet
  std::multiset<std::uint64_t> cache_claims;
  struct LinkOf {
    std::weak_ptr<ObjectStore> store;
    std::shared_ptr<Link> link;
  };
  std::map<const ObjectStore*, LinkOf> links;  ///< of stores that are gone until the next is made
  std::uint64_t clock = 0;
  std::uint64_t flushes = 0;
  /// Entries at rest, least recently used first. `failed`: the last PUT failed, not tried again
  /// until the next call.
  std::list<Entry*> clean;
  std::list<Entry*> dirty;
  std::list<Entry*> failed;
};

struct IndexHash {
  std::size_t operator()(const Index& index) const noexcept {
    std::uint64_t hash = 14695981039346656037ull;
    for (const std::uint64_t i : index) {
      hash = (hash ^ i) * 1099511628211ull;
      hash ^= hash >> 32;
    }
    return static_cast<std::size_t>(hash);
  }
};

using IndexSet = std::unordered_set<Index, IndexHash>;

struct ArrayState : std::enable_shared_from_this<ArrayState> {
  ArrayState(const std::shared_ptr<ObjectStore>& s, std::shared_ptr<Shared> e, ArraySpec p);

  ObjectStore& store;  ///< owned by Array
  const std::shared_ptr<Shared> shared;
  const std::shared_ptr<Link> link;  ///< to `store`
  ArraySpec spec;
  const std::uint64_t chunk_bytes;
  const std::uint64_t generation;  ///< fork_generation() when made
  std::unordered_map<Index, std::unique_ptr<Entry>, IndexHash> entries;
  bool grown = false;  ///< the extent has been enlarged since the array was opened
  /// The grid as it was committed last. An object outside may be anybody's leftover, and does not
  /// count unless it is in `written`.
  Grid settled;
  IndexSet written;   ///< chunks whose object may exist although not settled
  IndexSet sent;      ///< settled chunks stored since a commit proved that they will be found
  IndexSet given_up;  ///< objects a shrink gave up, still to be removed
  /// Chunks that a shrink has cut or given up since the last commit: the one before shows them
  /// whole.
  IndexSet shrunk_over;
  std::vector<std::string> replaced;  ///< keys of objects that new versions stand for
  /// Axes along which edge chunks surely hold the fill value outside the extent.
  std::set<std::size_t> clean_edges;
  std::uint64_t record_changes = 0;  ///< of spec.records
  std::string removing;              ///< Records::removed of the commit that is being made
  /// Chunks that may have an object: another that is missing never had one (chunk/missing.cc).
  /// Nothing: not found out.
  std::optional<IndexSet> known;
  std::uint64_t questions = 0;  ///< asked about missing objects
  std::uint64_t commits = 0;
  std::uint64_t commits_before = 0;  ///< `commits` when the array was committed last
  std::size_t unsaved = 0;           ///< entries dirty or writing
  std::size_t writing = 0;           ///< entries
  std::size_t loading = 0;           ///< Loads, those of the calling thread included
  /// Seconds spent on reads that left nothing in the cache, by chunk.
  std::unordered_map<Index, double, IndexHash> spent;
  AccessPattern pattern;  ///< of successive reads

  /// The version that is stored of a chunk, or "".
  const std::string& tag_of(const Index& index) const;
  /// The version that a chunk becomes when it is stored now with that filter mask.
  std::string tag_to_write(const Index& index, std::uint32_t mask) const;
  std::uint32_t mask_of(const Index& index) const;
  /// Of the chunk as it is stored. With the mutex held, like the tags.
  std::string key(const Index& index) const;
  /// "dataset /x, chunk (0, 1), key run.h5/x/c/0/1".
  std::string describe(const Index& index, const std::string& key) const;
  /// Made before this process was forked: what is unsaved belongs to the parent.
  bool inherited() const { return generation != fork_generation(); }
  /// The chunk has no object, or none that counts.
  bool absent(const Index& index) const {
    if (spec.places) return !spec.places->find(index);
    if (given_up.contains(index)) return true;
    if (!spec.records.absent.empty() && spec.records.absent.contains(index)) return true;
    return !is_settled(index) && !written.contains(index);
  }
  bool is_settled(const Index& index) const { return !spec.fresh && settled.contains(index); }
};

struct Array::Impl {
  std::shared_ptr<ObjectStore> store;
  std::shared_ptr<Engine> engine;
  std::shared_ptr<ArrayState> state;
};

/// How the free functions of this folder reach an Array's state.
class ArrayAccess {
 public:
  static ArrayState& state(const Array& array) { return *array.impl_->state; }
};

}  // namespace arraymorph::chunk
