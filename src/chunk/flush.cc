// The durability point of an array, and what needs it first.
#include "chunk/flush.h"

#include <algorithm>

#include "chunk/cache.h"
#include "chunk/send.h"

namespace arraymorph::chunk {
namespace {

constexpr std::size_t kKeysPerRemove = 1000;  // what one S3 DeleteObjects takes

std::vector<Entry*> dirty_entries(const ArrayState& array, std::uint64_t flush) {
  std::vector<Entry*> entries;
  for (const auto& [index, entry] : array.entries) {
    if (entry->dirty && !entry->writing && entry->flush != flush) entries.push_back(entry.get());
  }
  return entries;
}

Status belongs_to_parent(const ArrayState& array) {
  return {Code::unsupported,
          "dataset " + array.spec.name +
              ": changes made before this process was forked can be stored by the parent only"};
}

Status first_failure(const ArrayState& array) {
  for (const auto& [index, entry] : array.entries) {
    if (entry->dirty) return entry->failure;
  }
  return {};
}

// Start to store every dirty chunk that this flush has not tried; false when there is none.
bool send_dirty(ArrayState& array, std::uint64_t flush, Lock& lock) {
  const std::vector<Entry*> entries = dirty_entries(array, flush);
  for (Entry* entry : entries) {
    entry->flush = flush;
    send_within_limits(*entry, lock, Step());
  }
  return !entries.empty();
}

// Each dirty chunk is tried once; one whose background PUT fails meanwhile, once more.
Status store_dirty(ArrayState& array, std::uint64_t flush, Lock& lock) {
  do {
    wait_idle(array, lock);
  } while (send_dirty(array, flush, lock));
  return array.unsaved == 0 ? Status() : first_failure(array);
}

Status remove_given_up(ArrayState& array, Lock& lock) {
  while (!array.given_up.empty()) {
    std::vector<Index> indexes;
    std::vector<std::string> keys;
    for (auto at = array.given_up.begin();
         at != array.given_up.end() && keys.size() < kKeysPerRemove; ++at) {
      indexes.push_back(*at);
      keys.push_back(array.key(*at));
    }
    lock.unlock();
    const Status status = remove(array.store, std::move(keys));
    lock.lock();
    if (!status.ok()) return status.with_context("dataset " + array.spec.name);
    for (const Index& index : indexes) {
      array.given_up.erase(index);
      array.written.erase(index);
    }
  }
  return {};
}

Status finish_flush(ArrayState& array, std::uint64_t flush, Lock& lock) {
  if (array.inherited()) {
    return array.unsaved == 0 && array.given_up.empty() ? Status() : belongs_to_parent(array);
  }
  ARRAYMORPH_TRY(store_dirty(array, flush, lock));
  return remove_given_up(array, lock);
}

}  // namespace

Status flush_array(ArrayState& array) {
  ArrayState* const one = &array;
  return flush_together({&one, 1});
}

Status flush_together(std::span<ArrayState* const> arrays) {
  std::vector<std::uint64_t> flushes;
  for (ArrayState* array : arrays) {
    Lock lock(array->shared->mutex);
    flushes.push_back(++array->shared->flushes);
    if (!array->inherited()) send_dirty(*array, flushes.back(), lock);
  }
  Status first;
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    Lock lock(arrays[i]->shared->mutex);
    Status status = finish_flush(*arrays[i], flushes[i], lock);
    if (first.ok()) first = std::move(status);
  }
  return first;
}

Status flush_chunk(ArrayState& array, const Index& index, Lock& lock) {
  const std::uint64_t flush = ++array.shared->flushes;
  for (;;) {
    Entry* entry = find(array, index);
    if (entry == nullptr || (!entry->dirty && !entry->writing)) return {};
    if (array.inherited()) return belongs_to_parent(array);
    if (entry->writing) {
      array.shared->changed.wait(lock);
    } else if (entry->flush == flush) {
      return entry->failure;
    } else {
      entry->flush = flush;
      send_within_limits(*entry, lock, Step());
    }
  }
}

void drop_all(ArrayState& array) {
  while (!array.entries.empty()) drop(*array.entries.begin()->second);
}

Result<std::vector<StoredChunk>> list_chunks(ArrayState& array) {
  const std::size_t rank = array.spec.grid.dims.size();
  std::string root = chunk_key(array.spec.prefix, {});
  if (rank > 0) root += '/';
  Result<std::vector<ObjectInfo>> objects = list_all(array.store, root);
  if (!objects.ok()) return objects.status().with_context("dataset " + array.spec.name);
  std::vector<StoredChunk> chunks;
  for (const ObjectInfo& object : *objects) {
    if (auto index = parse_chunk_key(array.spec.prefix, object.key, rank)) {
      chunks.push_back({std::move(*index), object.size, 0});
    }
  }
  std::sort(chunks.begin(), chunks.end(),
            [](const StoredChunk& a, const StoredChunk& b) { return a.index < b.index; });
  return chunks;
}

}  // namespace arraymorph::chunk
