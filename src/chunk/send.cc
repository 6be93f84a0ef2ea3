#include "chunk/send.h"

#include <algorithm>
#include <new>

#include "chunk/cache.h"

namespace arraymorph::chunk {
namespace {

struct Put {
  std::shared_ptr<ArrayState> array;
  Entry* entry = nullptr;
  std::shared_ptr<Buffer> data;  ///< while encoding
  std::shared_ptr<const Buffer> body;
  std::uint32_t mask = 0;
  std::uint64_t charged = 0;
};

void finish(Put& put, const Status& status) {
  ArrayState& array = *put.array;
  Shared& shared = *array.shared;
  const Lock lock(shared.mutex);
  Entry& entry = *put.entry;
  entry.writing = false;
  entry.encoding = false;
  --array.writing;
  --shared.writing;
  discharge(shared, put.charged);
  entry.failure = status.ok() ? Status() : status.with_context(array.describe(entry.index));
  if (!status.ok()) {
    entry.dirty = true;
  } else {
    if (put.mask != 0) {
      array.spec.filter_masks[entry.index] = put.mask;
    } else {
      array.spec.filter_masks.erase(entry.index);
    }
    if (entry.raw == put.body) entry.raw.reset();
    recount(entry);
  }
  settle(entry);
  trim(shared);
  shared.changed.notify_all();
}

void store(const std::shared_ptr<Put>& put) {
  PutRequest request;
  request.durable = true;  // a flush that reports success is kept
  request.key = put->array->key(put->entry->index);
  request.body = put->body;
  put->array->store.put(std::move(request),
                        [put](const Result<PutReply>& reply) { finish(*put, reply.status()); });
}

Result<EncodedChunk> encode(const Put& put) {
  try {
    return put.array->spec.codec->encode(put.data->span());
  } catch (const std::bad_alloc&) {
    return Status(Code::internal, "out of memory while encoding");
  }
}

void encode_and_store(const std::shared_ptr<Put>& put) {
  Result<EncodedChunk> encoded = encode(*put);
  put->data.reset();
  if (!encoded.ok()) {
    finish(*put, encoded.status());
    return;
  }
  put->mask = encoded->filter_mask;
  put->body = std::make_shared<const Buffer>(std::move(encoded->bytes));
  {
    const Lock lock(put->array->shared->mutex);
    put->entry->encoding = false;
  }
  store(put);
}

// Dirty entries that a forked child inherited stay: only the parent may store them.
Entry* oldest_dirty(Shared& shared) {
  const auto found = std::find_if(shared.dirty.begin(), shared.dirty.end(),
                                  [](const Entry* entry) { return !entry->array->inherited(); });
  return found == shared.dirty.end() ? nullptr : *found;
}

// The least recently used entry at rest that may go, or null.
Entry* oldest(Shared& shared) {
  Entry* clean = shared.clean.empty() ? nullptr : shared.clean.front();
  Entry* dirty = oldest_dirty(shared);
  if (clean == nullptr || dirty == nullptr) return clean != nullptr ? clean : dirty;
  return clean->used < dirty->used ? clean : dirty;
}

void send_away(Entry& entry, Lock& lock) {
  entry.leaving = true;
  entry.array->shared->leaving_bytes += entry.bytes;
  send(entry, lock);
}

}  // namespace

void send(Entry& entry, Lock& lock) {
  ArrayState& array = *entry.array;
  Shared& shared = *array.shared;
  auto put = std::make_shared<Put>();
  put->array = array.shared_from_this();
  put->entry = &entry;
  put->charged = entry.bytes;
  entry.dirty = false;
  entry.writing = true;
  ++array.writing;
  ++shared.writing;
  charge(shared, put->charged);
  if (array.spec.fresh) array.written.insert(entry.index);
  settle(entry);
  if (entry.raw) {
    put->body = entry.raw;
    put->mask = entry.raw_mask;
  } else {
    put->data = entry.data;
    entry.encoding = true;
  }
  lock.unlock();
  if (put->body) {
    store(put);
  } else if (array.spec.codec->runs_anywhere()) {
    shared.pool.submit([put] { encode_and_store(put); });
  } else {
    encode_and_store(put);
  }
  lock.lock();
}

void send_within_limits(Entry& entry, Lock& lock, const Step& step) {
  Shared& shared = *entry.array->shared;
  wait_until(shared, lock, step, [&] { return has_capacity(shared, entry.bytes); });
  send(entry, lock);
}

void start_evictions(Shared& shared, Lock& lock, std::uint64_t bytes) {
  if (bytes > shared.limits.cache_bytes / 4) return;
  while (shared.cached_bytes - shared.leaving_bytes + bytes > shared.limits.cache_bytes) {
    Entry* entry = oldest(shared);
    if (entry == nullptr) return;
    if (!entry->dirty) {
      drop(*entry);
    } else if (has_capacity(shared, entry->bytes)) {
      send_away(*entry, lock);
    } else {
      return;
    }
  }
}

Status make_room(Shared& shared, Lock& lock, const Step& step) {
  while (shared.cached_bytes > shared.limits.cache_bytes) {
    Entry* entry = nullptr;
    if (shared.cached_bytes - shared.leaving_bytes > shared.limits.cache_bytes) {
      entry = oldest(shared);
    }
    if (entry != nullptr && !entry->dirty) {
      drop(*entry);
    } else if (entry != nullptr && has_capacity(shared, entry->bytes)) {
      send_away(*entry, lock);
    } else if (entry == nullptr && shared.writing == 0) {
      // What is left is pinned or cannot be stored.
      return shared.failed.empty() ? Status() : shared.failed.front()->failure;
    } else if (!step || !step(lock)) {
      shared.changed.wait(lock);
    }
  }
  return {};
}

void wait_idle(ArrayState& array, Lock& lock) {
  array.shared->changed.wait(lock, [&] {
    // What a parent process had under way never ends here.
    return array.writing == 0 || array.inherited();
  });
}

}  // namespace arraymorph::chunk
