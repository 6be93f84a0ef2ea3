#include "chunk/send.h"

#include <algorithm>
#include <new>

#include "chunk/cache.h"
#include "runtime/checksum.h"

namespace arraymorph::chunk {
namespace {

constexpr std::size_t kMostSent = 1 << 16;  // chunks that stand for the others

// What an entry held before it was to be filled.
struct Content {
  std::shared_ptr<Buffer> data;
  std::shared_ptr<const Buffer> raw;
  bool dirty = false;
  bool unsure = false;
  bool given_up = false;
};

struct Put {
  std::shared_ptr<ArrayState> array;
  Entry* entry = nullptr;
  Fill fill;                     ///< of `data`, where it is still to be made
  Content before;                ///< restored when that fails
  std::shared_ptr<Buffer> data;  ///< decoded, until `body` is there
  std::shared_ptr<const Buffer> body;
  std::uint32_t mask = 0;
  std::string tag;  ///< of the version that it becomes
  std::string key;
  std::uint64_t charged = 0;
};

// No longer under way; the entry still has to be settled.
void end(Put& put) {
  Shared& shared = *put.array->shared;
  put.entry->writing = false;
  put.entry->lent = false;
  --put.array->writing;
  --shared.writing;
  discharge(shared, put.charged);
}

// What the next commit has to record of a chunk that is stored now.
void record(const Put& put) {
  ArrayState& array = *put.array;
  const Index& index = put.entry->index;
  Records& records = array.spec.records;
  std::erase(array.replaced, put.key);
  const bool same = array.mask_of(index) == put.mask && array.tag_of(index) == put.tag;
  if (records.absent.erase(index) == 0 && same) return;
  ++array.record_changes;
  if (!array.spec.new_objects && array.tag_of(index) != put.tag) {
    array.replaced.push_back(array.key(index));
  }
  if (put.mask != 0) {
    records.filter_masks[index] = put.mask;
  } else {
    records.filter_masks.erase(index);
  }
  if (!put.tag.empty()) {
    records.versions[index] = put.tag;
  } else {
    records.versions.erase(index);
  }
}

void finish(Put& put, const Status& status) {
  ArrayState& array = *put.array;
  Shared& shared = *array.shared;
  const Lock lock(shared.mutex);
  Entry& entry = *put.entry;
  end(put);
  const std::string& key = put.key.empty() ? array.key(entry.index) : put.key;
  entry.failure = status.ok() ? Status() : status.with_context(array.describe(entry.index, key));
  if (!status.ok()) {
    entry.dirty = true;
  } else {
    record(put);
    if (entry.raw == put.body) entry.raw.reset();
    recount(entry);
  }
  settle(entry);
  trim(shared);
  shared.changed.notify_all();
}

void store(const std::shared_ptr<Put>& put) {
  {
    ArrayState& array = *put->array;
    const Lock lock(array.shared->mutex);
    put->tag = array.tag_to_write(put->entry->index, put->mask);
    put->key = chunk_key(array.spec.prefix, put->entry->index, put->tag);
  }
  PutRequest request;
  request.durable = true;  // a flush that reports success is kept
  request.key = put->key;
  request.body = put->body;
  if (put->array->spec.checksums) request.checksum = crc32c(put->body->span());
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

// False, with everything as before, when the bytes cannot be made.
bool fill(Put& put) {
  const Status status = put.fill.make(put.data->span());
  Shared& shared = *put.array->shared;
  const Lock lock(shared.mutex);
  Entry& entry = *put.entry;
  entry.filling = false;
  if (!status.ok()) {
    if (put.before.given_up) put.array->given_up.insert(entry.index);
    entry.data = std::move(put.before.data);
    entry.raw = std::move(put.before.raw);
    entry.dirty = put.before.dirty;
    entry.unsure = put.before.unsure;
    recount(entry);
    end(put);
    settle(entry);
  }
  put.before = Content();
  put.fill.made(status);
  shared.changed.notify_all();
  return status.ok();
}

// False when there is nothing to store.
bool make_body(Put& put) {
  if (put.body) return true;
  if (put.fill.make && !fill(put)) return false;
  if (put.array->spec.codec->identity()) {
    put.body = std::move(put.data);  // lent until it is stored
    return true;
  }
  Result<EncodedChunk> encoded = encode(put);
  put.data.reset();
  if (!encoded.ok()) {
    finish(put, encoded.status());
    return false;
  }
  put.mask = encoded->filter_mask;
  put.body = std::make_shared<const Buffer>(std::move(encoded->bytes));
  const Lock lock(put.array->shared->mutex);
  put.entry->lent = false;
  return true;
}

// The store signs what it sends, which takes as long as some codecs: never on the calling thread.
void run(const std::shared_ptr<Put>& put) {
  const bool anywhere = put->body || put->array->spec.codec->runs_anywhere();
  if (!anywhere && !make_body(*put)) return;
  put->array->shared->pool.submit([put] {
    if (make_body(*put)) store(put);
  });
}

std::shared_ptr<Put> begin(Entry& entry) {
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
  if (!array.is_settled(entry.index)) {
    array.written.insert(entry.index);
  } else if (array.sent.size() < kMostSent) {
    array.sent.insert(entry.index);
  }
  if (array.known) array.known->insert(entry.index);
  settle(entry);
  if (entry.raw) {
    put->body = entry.raw;
    put->mask = entry.raw_mask;
  } else {
    put->data = entry.data;
    entry.lent = true;
  }
  return put;
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
  const std::shared_ptr<Put> put = begin(entry);
  lock.unlock();
  run(put);
  lock.lock();
}

void send_filled(Entry& entry, std::shared_ptr<Buffer> data, Fill fill, Lock& lock) {
  Content before{std::move(entry.data), std::move(entry.raw), entry.dirty, entry.unsure,
                 entry.array->given_up.contains(entry.index)};
  entry.unsure = false;
  entry.data = std::move(data);
  entry.raw.reset();
  entry.filling = true;
  recount(entry);
  mark_dirty(entry);
  const std::shared_ptr<Put> put = begin(entry);
  put->before = std::move(before);
  put->fill = std::move(fill);
  lock.unlock();
  run(put);
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
