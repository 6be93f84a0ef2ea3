#include "chunk/cache.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "runtime/stats.h"

namespace arraymorph::chunk {
namespace {

std::list<Entry*>* list_of(Shared& shared, Entry::Place place) {
  switch (place) {
    case Entry::Place::clean:
      return &shared.clean;
    case Entry::Place::dirty:
      return &shared.dirty;
    case Entry::Place::failed:
      return &shared.failed;
    case Entry::Place::none:
      break;
  }
  return nullptr;
}

void move_to(Entry& entry, Entry::Place place) {
  if (entry.place == place) return;
  Shared& shared = *entry.array->shared;
  if (auto* from = list_of(shared, entry.place)) from->erase(entry.position);
  entry.place = place;
  if (auto* to = list_of(shared, place)) entry.position = to->insert(to->end(), &entry);
}

void set_bytes(Entry& entry, std::uint64_t bytes) {
  Shared& shared = *entry.array->shared;
  shared.cached_bytes += bytes - entry.bytes;
  if (entry.leaving) shared.leaving_bytes += bytes - entry.bytes;
  entry.bytes = bytes;
}

void stay(Entry& entry) {
  if (entry.leaving) entry.array->shared->leaving_bytes -= entry.bytes;
  entry.leaving = false;
}

void touch(Entry& entry) {
  entry.used = ++entry.array->shared->clock;
  stay(entry);
}

// Streams of large chunks would push out everything else.
bool worth_keeping(const Entry& entry) {
  return entry.data && !entry.leaving && entry.bytes <= entry.array->shared->limits.cache_bytes / 4;
}

}  // namespace

Entry* find(ArrayState& array, const Index& index) {
  const auto found = array.entries.find(index);
  if (found == array.entries.end()) return nullptr;
  touch(*found->second);
  return found->second.get();
}

Entry& pin(ArrayState& array, const Index& index) {
  std::unique_ptr<Entry>& slot = array.entries[index];
  if (!slot) {
    slot = std::make_unique<Entry>();
    slot->array = &array;
    slot->index = index;
  }
  touch(*slot);
  ++slot->pins;
  move_to(*slot, Entry::Place::none);
  return *slot;
}

void unpin(Entry& entry) {
  --entry.pins;
  settle(entry);
}

void recount(Entry& entry) {
  set_bytes(entry, (entry.data ? entry.data->size() : 0) + (entry.raw ? entry.raw->size() : 0));
}

void mark_dirty(Entry& entry) {
  entry.dirty = true;
  entry.load = nullptr;  // what is on its way is no longer what counts
  use_ahead(entry);
  entry.array->pattern.stop();
  entry.array->given_up.erase(entry.index);
  settle(entry);
}

void settle(Entry& entry) {
  ArrayState& array = *entry.array;
  const bool unsaved = entry.dirty || entry.writing;
  if (unsaved != entry.unsaved) {
    array.unsaved += unsaved ? 1 : -1;
    entry.unsaved = unsaved;
  }
  if (entry.pins > 0 || entry.writing) {
    move_to(entry, Entry::Place::none);
  } else if (entry.dirty) {
    stay(entry);
    move_to(entry, entry.failure.ok() ? Entry::Place::dirty : Entry::Place::failed);
  } else if (worth_keeping(entry)) {
    move_to(entry, Entry::Place::clean);
  } else {
    drop(entry);
  }
}

void drop(Entry& entry) {
  ArrayState& array = *entry.array;
  if (entry.ahead) {
    count(stats().readahead_unused);
    entry.array->shared->ahead_bytes -= array.chunk_bytes;
  }
  set_bytes(entry, 0);
  stay(entry);
  move_to(entry, Entry::Place::none);
  if (entry.unsaved) --array.unsaved;
  const auto found = array.entries.find(entry.index);
  array.entries.erase(found);
}

void trim(Shared& shared) {
  while (shared.cached_bytes > shared.limits.cache_bytes && !shared.clean.empty()) {
    drop(*shared.clean.front());
  }
}

void retry_failed(Shared& shared) {
  while (!shared.failed.empty()) {
    Entry& entry = *shared.failed.front();
    entry.failure = Status();
    settle(entry);
  }
}

bool has_capacity(const Shared& shared, std::uint64_t bytes) {
  if (shared.in_flight_requests == 0) return true;
  return shared.in_flight_requests < shared.limits.in_flight_requests &&
         shared.in_flight_bytes + bytes <= shared.limits.in_flight_bytes;
}

void charge(Shared& shared, std::uint64_t bytes) {
  shared.in_flight_bytes += bytes;
  ++shared.in_flight_requests;
}

void discharge(Shared& shared, std::uint64_t bytes) {
  shared.in_flight_bytes -= bytes;
  --shared.in_flight_requests;
}

void set_ahead(Entry& entry) {
  entry.ahead = true;
  entry.array->shared->ahead_bytes += entry.array->chunk_bytes;
}

void use_ahead(Entry& entry) {
  if (!entry.ahead) return;
  count(stats().readahead_used);
  entry.ahead = false;
  entry.array->shared->ahead_bytes -= entry.array->chunk_bytes;
}

void fill_chunk(ByteSpan chunk, ConstByteSpan fill) {
  if (chunk.empty()) return;
  if (fill.empty()) {
    std::memset(chunk.data(), 0, chunk.size());
    return;
  }
  std::size_t done = std::min(fill.size(), chunk.size());
  std::memcpy(chunk.data(), fill.data(), done);
  while (done < chunk.size()) {
    const std::size_t part = std::min(done, chunk.size() - done);
    std::memcpy(chunk.data() + done, chunk.data(), part);
    done += part;
  }
}

Result<std::shared_ptr<Buffer>> allocate_chunk(std::uint64_t bytes) {
  try {
    return std::make_shared<Buffer>(static_cast<std::size_t>(bytes));
  } catch (const std::bad_alloc&) {
    return Status(Code::internal,
                  "out of memory for a chunk of " + std::to_string(bytes) + " bytes");
  }
}

}  // namespace arraymorph::chunk
