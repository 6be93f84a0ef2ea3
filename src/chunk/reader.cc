// read_chunks: cached chunks and chunks on their way, to the consumer.
#include <algorithm>

#include "chunk/cache.h"
#include "chunk/load.h"
#include "chunk/send.h"
#include "runtime/stats.h"

namespace arraymorph::chunk {
namespace {

class Reader {
 public:
  Reader(Shared& shared, std::span<const ChunkAccess> accesses, bool anywhere,
         const ConsumeChunk& consume)
      : shared_(shared),
        accesses_(accesses),
        consume_(consume),
        loads_(shared, anywhere, [this](const Load& load) { take(load); }) {}

  Status run() {
    Lock lock(shared_.mutex);
    for (std::size_t i = 0; i < accesses_.size() && failure_.ok(); ++i) request(i, lock);
    wait_until(shared_, lock, step_, [&] { return cached_.empty() && loads_.idle(); });
    return failure_;
  }

 private:
  struct Cached {
    std::size_t access;
    Entry* entry;  ///< pinned
  };

  void request(std::size_t access, Lock& lock) {
    ArrayState& array = ArrayAccess::state(*accesses_[access].array);
    const Index& index = accesses_[access].plan->index;
    Entry* entry = find(array, index);
    if (entry == nullptr && array.absent(index)) {
      consume_fill(access, array, lock);
      return;
    }
    if (entry == nullptr || (!entry->data && loads_.find(*entry) == nullptr)) {
      start_evictions(shared_, lock, array.chunk_bytes);
      wait_until(shared_, lock, step_, [&] { return has_capacity(shared_, array.chunk_bytes); });
    }
    Entry& pinned = pin(array, index);
    if (pinned.data) {
      count(stats().cache_hits);
      cached_.push_back({access, &pinned});
      return;
    }
    if (Load* load = loads_.find(pinned)) {
      load->accesses.push_back(access);
    } else {
      count(stats().cache_misses);
      loads_.start(pinned, access, lock);
    }
    unpin(pinned);
  }

  // Known not to exist: nothing to fetch, nothing worth caching.
  void consume_fill(std::size_t access, ArrayState& array, Lock& lock) {
    lock.unlock();
    Status status = consume_fill_of(access, array);
    lock.lock();
    fail(std::move(status));
  }

  Status consume_fill_of(std::size_t access, const ArrayState& array) {
    std::shared_ptr<Buffer>& chunk = fills_[&array];
    if (!chunk) {
      ARRAYMORPH_ASSIGN(chunk, allocate_chunk(array.chunk_bytes));
      fill_chunk(chunk->span(), array.spec.fill.span());
    }
    return consume_(access, chunk->span());
  }

  // One piece of work for the calling thread.
  bool step(Lock& lock) {
    if (loads_.step(lock)) return true;
    if (cached_.empty()) return false;
    const Cached cached = cached_.back();
    cached_.pop_back();
    if (failure_.ok()) {
      const std::shared_ptr<Buffer> data = cached.entry->data;
      lock.unlock();
      Status status = consume_(cached.access, data->span());
      lock.lock();
      fail(std::move(status));
    }
    unpin(*cached.entry);
    return true;
  }

  // On any thread when the consumer allows it; no lock held.
  void take(const Load& load) {
    Status status = load.status;
    for (std::size_t i = 0; i < load.accesses.size() && status.ok(); ++i) {
      if (failed()) return;
      status = consume_(load.accesses[i], load.data->span());
    }
    const Lock lock(shared_.mutex);
    fail(std::move(status));
  }

  bool failed() const {
    const Lock lock(shared_.mutex);
    return !failure_.ok();
  }

  void fail(Status status) {
    if (failure_.ok()) failure_ = std::move(status);
  }

  Shared& shared_;
  const std::span<const ChunkAccess> accesses_;
  const ConsumeChunk& consume_;
  Loads loads_;
  const Step step_ = [this](Lock& lock) { return step(lock); };
  std::vector<Cached> cached_;
  std::unordered_map<const ArrayState*, std::shared_ptr<Buffer>> fills_;
  Status failure_;
};

}  // namespace

Status read_chunks(Engine& engine, std::span<const ChunkAccess> accesses, bool anywhere,
                   const ConsumeChunk& consume) {
  return Reader(*engine.shared(), accesses, anywhere, consume).run();
}

}  // namespace arraymorph::chunk
