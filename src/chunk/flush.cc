// The durability point of an array, and what needs it first.
#include "chunk/flush.h"

#include <algorithm>

#include "chunk/cache.h"
#include "chunk/send.h"

namespace arraymorph::chunk {
namespace {

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

Status finish_flush(ArrayState& array, std::uint64_t flush, Lock& lock) {
  if (array.inherited()) {
    return array.unsaved == 0 ? Status() : belongs_to_parent(array);
  }
  return store_dirty(array, flush, lock);
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
  {
    const Lock lock(array.shared->mutex);
    // Versions lie beside the plain keys.
    if (rank > 0 && array.spec.records.versions.empty()) root += '/';
  }
  Result<std::vector<ObjectInfo>> objects = list_all(array.store, root);
  if (!objects.ok()) return objects.status().with_context("dataset " + array.spec.name);
  std::vector<StoredChunk> chunks;
  const Lock lock(array.shared->mutex);
  for (const ObjectInfo& object : *objects) {
    auto name = parse_chunk_key(array.spec.prefix, object.key, rank);
    if (name && name->tag == array.tag_of(name->index)) {
      chunks.push_back({std::move(name->index), object.size, 0});
    }
  }
  std::sort(chunks.begin(), chunks.end(),
            [](const StoredChunk& a, const StoredChunk& b) { return a.index < b.index; });
  return chunks;
}

Status missing_version(const Status& answer) {
  return {Code::corrupt, "the chunk's object is gone (" + answer.message() +
                             "): it was replaced since this file was opened and then removed by "
                             "`arraymorph gc` (open the file again), or it is lost (`arraymorph "
                             "verify` tells)"};
}

}  // namespace arraymorph::chunk
