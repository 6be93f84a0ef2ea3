// write_chunks: loads run ahead within a window; changes are applied in order.
#include <algorithm>
#include <unordered_set>

#include "chunk/cache.h"
#include "chunk/load.h"
#include "chunk/missing.h"
#include "chunk/send.h"
#include "runtime/stats.h"

namespace arraymorph::chunk {
namespace {

class Writer {
 public:
  Writer(Shared& shared, std::span<const ChunkAccess> accesses, bool needs_old, bool anywhere,
         const ModifyChunk& modify)
      : shared_(shared),
        accesses_(accesses),
        needs_old_(needs_old),
        anywhere_(anywhere),
        modify_(modify),
        loads_(shared, true, nullptr) {}

  Status run() {
    Lock lock(shared_.mutex);
    retry_failed(shared_);
    Status status;
    std::size_t i = 0;
    for (; i < accesses_.size() && status.ok() && fill_failure_.ok(); ++i) {
      while (pinned_.size() < accesses_.size() && (pinned_.size() == i || may_look_ahead())) {
        prepare(lock);
      }
      status = apply(i, lock);
      if (status.ok()) status = make_room(shared_, lock, step_);
    }
    for (; i < pinned_.size(); ++i) unpin(*pinned_[i]);
    // Until the caller's memory is no longer read; what is being stored goes on.
    wait_until(shared_, lock, step_, [&] { return loads_.idle() && filling_ == 0; });
    return status.ok() ? fill_failure_ : status;
  }

 private:
  ArrayState& array_of(std::size_t access) const {
    return ArrayAccess::state(*accesses_[access].array);
  }

  bool covers(std::size_t access) const {
    return accesses_[access].plan->covers_chunk && !needs_old_;
  }

  // Covered, and no later write will add to it: where an array grows, the next rows go into the
  // chunks at its edge.
  bool complete(std::size_t access, const ArrayState& array) const {
    return covers(access) && (!array.grown || is_whole(access, array));
  }

  bool is_whole(std::size_t access, const ArrayState& array) const {
    return accesses_[access].plan->elements == array.spec.grid.chunk_elements();
  }

  bool may_look_ahead() const {
    const std::uint64_t bytes = array_of(pinned_.size()).chunk_bytes;
    const std::uint64_t window =
        std::min(shared_.limits.in_flight_bytes, shared_.limits.cache_bytes / 2);
    return window_bytes_ + bytes <= window && has_capacity(shared_, bytes);
  }

  // Pin the next chunk, and fetch it when its old elements are needed.
  void prepare(Lock& lock) {
    const std::size_t access = pinned_.size();
    ArrayState& array = array_of(access);
    Entry& entry = pin(array, accesses_[access].plan->index);
    pinned_.push_back(&entry);
    window_bytes_ += array.chunk_bytes;
    if (entry.data || expected_.contains(&entry)) {
      count(stats().cache_hits);
      return;
    }
    expected_.insert(&entry);
    if (covers(access) || (!entry.raw && array.absent(entry.index))) return;
    count(stats().cache_misses);
    wait_until(shared_, lock, step_, [&] { return has_capacity(shared_, array.chunk_bytes); });
    loads_.start(entry, access, lock);
  }

  Status apply(std::size_t access, Lock& lock) {
    ArrayState& array = array_of(access);
    Entry& entry = *pinned_[access];
    wait_until(shared_, lock, step_,
               [&] { return loads_.find(entry) == nullptr && !entry.filling; });
    window_bytes_ -= array.chunk_bytes;
    const bool sends = complete(access, array) && !entry.writing && entry.failure.ok();
    Status status;
    if (sends && anywhere_ && array.spec.codec->runs_anywhere()) {
      status = fill(access, entry, lock);
    } else {
      status = change(access, entry, lock);
      // A PUT that ended meanwhile changes nothing: the chunk is dirty, and a flush sends it.
      if (sends && status.ok()) send_within_limits(entry, lock, step_);
    }
    // Once unpinned the entry may go, and another may come at its address.
    expected_.erase(&entry);
    unpin(entry);
    return status;
  }

  // Make, encode and send a covered chunk on a codec thread.
  Status fill(std::size_t access, Entry& entry, Lock& lock) {
    const std::uint64_t bytes = entry.array->chunk_bytes;
    wait_until(shared_, lock, step_, [&] { return has_capacity(shared_, bytes); });
    ARRAYMORPH_ASSIGN(std::shared_ptr<Buffer> chunk, allocate_chunk(bytes));
    ++filling_;
    Fill fill;
    fill.make = [this, access, array = entry.array](ByteSpan target) {
      fill_unselected(access, *array, target);
      return modify_(access, target);
    };
    fill.made = [this](const Status& status) {
      --filling_;
      if (fill_failure_.ok()) fill_failure_ = status;
    };
    send_filled(entry, std::move(chunk), std::move(fill), lock);
    return {};
  }

  // The part of a covered edge chunk that lies outside the extent.
  void fill_unselected(std::size_t access, const ArrayState& array, ByteSpan chunk) const {
    if (!is_whole(access, array)) fill_chunk(chunk, array.spec.fill.span());
  }

  Status change(std::size_t access, Entry& entry, Lock& lock) {
    ARRAYMORPH_TRY(loads_.failure(entry));
    if (entry.unsure && !covers(access)) ARRAYMORPH_TRY(confirm(access, lock));
    // A buffer that somebody reads is replaced, not changed.
    const bool in_place = entry.data && !entry.lent;
    std::shared_ptr<Buffer> chunk = entry.data;
    lock.unlock();
    Status status;
    if (!in_place) status = renew(access, *entry.array, chunk);
    if (status.ok()) status = modify_(access, chunk->span());
    lock.lock();
    if (!status.ok() && !in_place) return status;
    entry.data = std::move(chunk);
    entry.raw.reset();
    entry.unsure = false;
    recount(entry);
    mark_dirty(entry);
    return status;
  }

  // Nothing is added to a chunk that is missing because the file was replaced. All that are under
  // way are confirmed together.
  Status confirm(std::size_t access, Lock& lock) {
    wait_until(shared_, lock, step_, [&] { return loads_.idle(); });
    std::vector<MissingChunk> missing;
    for (std::size_t i = access; i < pinned_.size(); ++i) {
      if (pinned_[i]->unsure) missing.push_back({&array_of(i), pinned_[i]->index});
    }
    ARRAYMORPH_TRY(confirm_missing(missing, lock));
    for (std::size_t i = access; i < pinned_.size(); ++i) pinned_[i]->unsure = false;
    return {};
  }

  // Replace `chunk` by a new buffer with what the modification starts from.
  Status renew(std::size_t access, const ArrayState& array, std::shared_ptr<Buffer>& chunk) const {
    ARRAYMORPH_ASSIGN(std::shared_ptr<Buffer> fresh, allocate_chunk(array.chunk_bytes));
    if (covers(access)) {
      fill_unselected(access, array, fresh->span());
    } else if (chunk) {
      std::copy(chunk->span().begin(), chunk->span().end(), fresh->data());
    } else {
      fill_chunk(fresh->span(), array.spec.fill.span());
    }
    chunk = std::move(fresh);
    return {};
  }

  Shared& shared_;
  const std::span<const ChunkAccess> accesses_;
  const bool needs_old_;
  const bool anywhere_;
  const ModifyChunk& modify_;
  Loads loads_;
  const Step step_ = [this](Lock& lock) { return loads_.step(lock); };
  std::vector<Entry*> pinned_;                 ///< one per access prepared; unpinned once applied
  std::size_t filling_ = 0;                    ///< chunks being made on codec threads
  Status fill_failure_;                        ///< of one of them
  std::uint64_t window_bytes_ = 0;             ///< of chunks prepared and not applied
  std::unordered_set<const Entry*> expected_;  ///< pinned, hold data when their turn comes
};

}  // namespace

Status write_chunks(Engine& engine, std::span<const ChunkAccess> accesses, bool needs_old,
                    bool anywhere, const ModifyChunk& modify) {
  return Writer(*engine.shared(), accesses, needs_old, anywhere, modify).run();
}

}  // namespace arraymorph::chunk
