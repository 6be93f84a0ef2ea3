#include "chunk/load.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "chunk/cache.h"
#include "chunk/flush.h"
#include "runtime/stats.h"

namespace arraymorph::chunk {
namespace {

using Ptr = std::shared_ptr<Load>;

// Copying less is cheaper than waking another thread for it.
constexpr std::uint64_t kAtOnce = 64 << 10;

Status wrong_size(std::uint64_t stored, std::uint64_t expected) {
  return {Code::corrupt,
          std::to_string(stored) + " bytes stored, " + std::to_string(expected) + " expected"};
}

Status take_buffer(Load& load) {
  ARRAYMORPH_ASSIGN(load.data, allocate_chunk(load.array->chunk_bytes));
  return {};
}

ConstByteSpan stored_bytes(const Load& load) {
  if (load.raw) return load.raw->span();
  return load.kept.owner ? load.kept.span : load.stored.span();
}

// For one access, without a codec, and nothing cut off: received as it is wanted.
bool stays_as_received(const Load& load, std::uint64_t stored) {
  return load.entry == nullptr && load.array->spec.codec->identity() &&
         stored == load.array->chunk_bytes;
}

Status run_codec(Load& load) {
  const ConstByteSpan stored = stored_bytes(load);
  try {
    return load.array->spec.codec->decode_into(stored, load.mask, load.data->span());
  } catch (const std::bad_alloc&) {
    return {Code::internal, "out of memory while decoding"};
  }
}

Status finish_bytes(Load& load) {
  const ConstByteSpan fill = load.array->spec.fill.span();
  if (!load.parts.empty()) {
    if (!load.absent) return {};
    for (const Load::Part& part : load.parts) fill_chunk(part.into, fill);
    return {};
  }
  if (!load.absent && stays_as_received(load, stored_bytes(load).size())) return {};
  ARRAYMORPH_TRY(take_buffer(load));
  if (!load.absent) return run_codec(load);
  fill_chunk(load.data->span(), fill);
  return {};
}

void decode(Load& load) {
  load.decoded = true;
  if (load.status.ok()) load.status = finish_bytes(load);
  if (load.data || !load.status.ok()) {
    load.stored = Buffer();
    load.kept = {};
    load.raw.reset();
  }
  if (load.status.ok()) return;
  load.data.reset();
  load.status = load.status.with_context(load.array->describe(*load.index, load.key));
}

Status check_part(const Load& load, const Load::Part& part, const Result<GetReply>& reply) {
  if (!reply.ok()) {
    if (!load.ranged || reply.status().code() != Code::invalid_argument) return reply.status();
    return {Code::corrupt, "the object is shorter than a chunk: " + reply.status().message()};
  }
  const std::uint64_t size = load.ranged ? reply->object_size : reply->received;
  const std::uint64_t expected = load.array->chunk_bytes;
  if (size != expected && (size != 0 || !load.ranged)) return wrong_size(size, expected);
  if (reply->received != part.range.length) return wrong_size(reply->received, part.range.length);
  return {};
}

}  // namespace

ConstByteSpan Load::bytes() const { return data ? data->span() : stored_bytes(*this); }

// The bytes are here (or the failure): on to whoever decodes them.
void Loads::arrived(const Ptr& load) {
  ArrayState& array = *load->array;
  Shared& shared = *array.shared;
  const bool at_once = !load->parts.empty() && (load->in_place || array.chunk_bytes <= kAtOnce);
  Lock lock(shared.mutex);
  if (load->owner != nullptr && !(at_once && load->owner->take_anywhere_)) {
    load->owner->enqueue(load, lock);
    return;
  }
  const bool here = at_once || load->owner != nullptr || !load->parts.empty();
  lock.unlock();
  if (here) {
    decode(*load);
    complete(load, false);
    return;
  }
  shared.pool.submit([load] {
    decode(*load);
    complete(load, false);
  });
}

// Decoded: into the cache, taken by its owner where that may be, then at rest. `on_caller`: this
// is its thread.
void Loads::complete(const Ptr& load, bool on_caller) {
  const std::shared_ptr<Shared> shared = load->array->shared;
  Lock lock(shared->mutex);
  Loads* owner = load->owner;
  if (owner != nullptr && !on_caller && !owner->take_anywhere_) {
    owner->for_caller_.push_back(load);
    shared->changed.notify_all();
    return;
  }
  install(*load);
  if (owner != nullptr && owner->take_) {
    lock.unlock();
    owner->take_(*load);
    lock.lock();
  }
  settle(*load);
}

// From here on nobody joins the load: who wants the chunk finds it in the cache.
void Loads::install(Load& load) {
  if (load.entry == nullptr) return;
  Entry& entry = *load.entry;
  if (load.owner != nullptr && !load.status.ok()) {
    load.owner->failures_.emplace(&entry, load.status);
  }
  if (entry.load != &load) return;
  entry.load = nullptr;
  if (!load.data || entry.data) return;
  entry.data = load.data;
  entry.unsure = load.missing;
  recount(entry);
  trim(*load.array->shared);
}

// After the unlock that follows, the owner may be gone.
void Loads::settle(Load& load) {
  Shared& shared = *load.array->shared;
  --load.array->loading;
  discharge(shared, load.charged);
  if (load.entry != nullptr) unpin(*load.entry);
  if (load.owner == nullptr) {
    shared.changed.notify_all();
    return;
  }
  --load.owner->outstanding_;
  load.owner->wake();
}

namespace {

// With the mutex held, or before anybody else knows the load.
void note_missing(Load& load, const Status& status) {
  if (!load.must_exist) {
    load.absent = true;
    load.missing = true;
  } else if (load.status.ok()) {
    load.status = missing_version(status);
  }
}

void answered(const Ptr& load, const Load::Part& part, Result<GetReply> reply) {
  Loads::part_done(load, check_part(*load, part, reply));
}

void get_part(const Ptr& load, const Load::Part& part) {
  ArrayState& array = *load->array;
  GetRequest request;
  request.key = load->key;
  request.into = part.into;
  if (load->ranged) {
    request.range = part.range;
    count(stats().range_requests);
  }
  const auto sent = Link::Clock::now();
  array.link->started(sent);
  array.store.get(std::move(request), [load, &part, sent](Result<GetReply> reply) {
    load->array->link->answered(sent, Link::Clock::now(), reply.ok() ? reply->received : 0);
    answered(load, part, std::move(reply));
  });
}

void get_stored(const Ptr& load) {
  ArrayState& array = *load->array;
  GetRequest request;
  request.key = load->key;
  request.expected = array.chunk_bytes;
  const auto sent = Link::Clock::now();
  array.link->started(sent);
  array.store.get(std::move(request), [load, sent](Result<GetReply> reply) {
    load->array->link->answered(sent, Link::Clock::now(), reply.ok() ? reply->received : 0);
    if (reply.ok()) {
      load->stored = std::move(reply->body);
    } else if (reply.status().code() == Code::not_found) {
      note_missing(*load, reply.status());
    } else {
      load->status = reply.status();
    }
    Loads::arrived(load);
  });
}

/// Is what the load needs in memory already? Then it is taken from there.
bool look(Load& load, const Place& place) {
  if (load.kept.owner) return true;
  const auto& look = load.array->spec.places->object().look;
  if (!look) return false;
  if (load.parts.empty()) {
    load.kept = look(place.offset, place.size);
    return load.kept.owner != nullptr;
  }
  return std::all_of(load.parts.begin(), load.parts.end(), [&](const Load::Part& part) {
    const KeptBytes found = look(place.offset + part.range.offset, part.range.length);
    if (found.owner) std::memcpy(part.into.data(), found.span.data(), found.span.size());
    return found.owner != nullptr;
  });
}

// The memory of what is received without a codec.
Status prepare_parts(Load& load, const Place& place) {
  if (load.in_place) return {};
  ARRAYMORPH_TRY(take_buffer(load));
  const ByteSpan chunk = load.data->span();
  if (load.parts.empty()) {
    load.parts.push_back({{0, place.size}, {}});
    // What the array's edge cuts off is not stored.
    std::memset(chunk.data() + place.size, 0, chunk.size() - place.size);
  }
  for (Load::Part& part : load.parts) {
    part.into = chunk.subspan(part.range.offset, part.range.length);
  }
  return {};
}

void ask_for(const Ptr& load, const Place& place, Gather& gather) {
  load->coming = std::max<std::size_t>(load->parts.size(), 1);
  if (load->parts.empty()) gather.add({load, 0, {place.offset, place.size}});
  for (std::size_t i = 0; i < load->parts.size(); ++i) {
    const ByteRange& range = load->parts[i].range;
    gather.add({load, i, {place.offset + range.offset, range.length}});
  }
}

// From memory, or by a request for neighbours too.
void fetch_placed(const Ptr& load, Gather& gather, Lock& lock) {
  ArrayState& array = *load->array;
  const Place place = *array.spec.places->find(*load->index);
  load->mask = place.filter_mask;
  const bool stays = load->parts.empty() && stays_as_received(*load, place.size);
  if (array.spec.codec->identity() && !stays) load->status = prepare_parts(*load, place);
  if (!load->status.ok() || look(*load, place)) {
    lock.unlock();
    Loads::arrived(load);
    lock.lock();
    return;
  }
  ask_for(load, place, gather);
  if (gather.enough()) gather.send(lock);
}

// Ask the store; releases the lock meanwhile.
void fetch(const Ptr& load, Lock& lock) {
  ArrayState& array = *load->array;
  load->mask = array.mask_of(*load->index);
  const bool identity = array.spec.codec->identity();
  lock.unlock();
  if (!identity) {
    get_stored(load);
  } else {
    if (!load->in_place) load->status = take_buffer(*load);
    if (load->parts.empty()) load->parts.push_back({{0, array.chunk_bytes}, {}});
    if (!load->status.ok()) {
      Loads::arrived(load);
    } else {
      load->coming = load->parts.size();
      if (!load->in_place) {
        for (Load::Part& part : load->parts) {
          part.into = load->data->span().subspan(part.range.offset, part.range.length);
        }
      }
      // After the last answer the parts may change hands: the count is taken before.
      const std::size_t parts = load->parts.size();
      for (std::size_t i = 0; i < parts; ++i) get_part(load, load->parts[i]);
    }
  }
  lock.lock();
}

// What is known without asking the store, or asks it.
void begin(const Ptr& load, Gather& gather, Lock& lock) {
  ArrayState& array = *load->array;
  charge(*array.shared, load->charged);
  ++array.loading;
  if (load->entry != nullptr) {
    ++load->entry->pins;
    load->entry->load = load.get();
    load->raw = load->entry->raw;
    load->mask = load->entry->raw_mask;
  }
  load->absent = !load->raw && array.absent(*load->index);
  const bool placed = array.spec.places != nullptr;
  load->must_exist = placed || !array.tag_of(*load->index).empty();
  load->key = array.key(*load->index);
  if (!load->raw && !load->absent) {
    if (placed) {
      fetch_placed(load, gather, lock);
    } else {
      fetch(load, lock);
    }
    return;
  }
  if (!load->in_place) load->parts.clear();
  lock.unlock();
  Loads::arrived(load);
  lock.lock();
}

}  // namespace

Ptr Loads::make(ArrayState& array, std::size_t access) {
  auto load = std::make_shared<Load>();
  load->array = array.shared_from_this();
  load->charged = array.chunk_bytes;
  load->owner = this;
  load->accesses.push_back(access);
  ++outstanding_;
  return load;
}

void Loads::start(Entry& entry, std::size_t access, Lock& lock) {
  ArrayState& array = *entry.array;
  // What a parent process had under way never arrives here.
  if (entry.load != nullptr && (entry.load->owner == this || !array.inherited())) {
    if (entry.load->owner == nullptr) {
      entry.load->owner = this;
      ++outstanding_;
    }
    entry.load->accesses.push_back(access);
    return;
  }
  const Ptr load = make(array, access);
  load->entry = &entry;
  load->index = &entry.index;
  begin(load, gather_, lock);
}

void Loads::start_alone(ArrayState& array, const Index& index, std::size_t access,
                        std::byte* memory, Lock& lock) {
  const Ptr load = make(array, access);
  load->index = &index;
  if (memory != nullptr) {
    load->in_place = true;
    load->parts.push_back({{0, array.chunk_bytes}, {memory, array.chunk_bytes}});
  }
  begin(load, gather_, lock);
}

void Loads::start_kept(ArrayState& array, const Index& index, std::size_t access, KeptBytes bytes,
                       Lock& lock) {
  const Ptr load = make(array, access);
  load->index = &index;
  load->kept = std::move(bytes);
  begin(load, gather_, lock);
}

void Loads::start_pieces(ArrayState& array, const Index& index, std::size_t access,
                         const std::vector<Piece>& pieces, std::byte* memory, Lock& lock) {
  const Ptr load = make(array, access);
  load->index = &index;
  load->ranged = true;
  load->in_place = memory != nullptr && std::all_of(pieces.begin(), pieces.end(),
                                                    [](const Piece& p) { return p.in_one; });
  if (load->in_place) load->charged = 0;
  for (const Piece& piece : pieces) {
    load->parts.push_back({piece.range, {}});
    if (!load->in_place) continue;
    load->parts.back().into = {memory + piece.memory_offset, piece.range.length};
    load->charged += piece.range.length;
  }
  begin(load, gather_, lock);
}

const Load* Loads::find(const Entry& entry) const {
  return entry.load != nullptr && entry.load->owner == this ? entry.load : nullptr;
}

Status Loads::failure(const Entry& entry) const {
  const auto found = failures_.find(&entry);
  return found == failures_.end() ? Status() : found->second;
}

// Work that only the caller may do goes to it; the rest to it when it waits, and to helpers.
void Loads::enqueue(const Ptr& load, Lock& lock) {
  const ChunkCodec& codec = *load->array->spec.codec;
  if (!codec.runs_anywhere() || (codec.identity() && !take_anywhere_)) {
    for_caller_.push_back(load);
    shared_.changed.notify_all();
    return;
  }
  queue_->loads.push_back(load);
  if (caller_waits_) shared_.changed.notify_all();
  const std::size_t helpers = queue_->helpers + (caller_waits_ ? 1 : 0);
  if (queue_->loads.size() <= helpers || queue_->helpers >= shared_.pool.size()) return;
  ++queue_->helpers;
  // Without the lock the call may end, and `this` with it; the array waits for this load, and with
  // it the pool, even when somebody else has finished it by then.
  ArrayState& array = *load->array;
  const std::shared_ptr<Shared> shared = array.shared;
  std::function<void()> task = [shared, queue = queue_] { help(shared, queue); };
  ++array.loading;
  lock.unlock();
  shared->pool.submit(std::move(task));
  lock.lock();
  --array.loading;
  shared->changed.notify_all();
}

void Loads::help(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Queue>& queue) {
  Lock lock(shared->mutex);
  while (!queue->loads.empty()) {
    const Ptr load = std::move(queue->loads.front());
    queue->loads.pop_front();
    lock.unlock();
    decode(*load);
    complete(load, false);
    lock.lock();
  }
  --queue->helpers;
}

void Loads::wake() {
  if (outstanding_ <= wake_at_) shared_.changed.notify_all();
}

void Loads::part_done(const Ptr& load, const Status& status) {
  {
    const Lock lock(load->array->shared->mutex);
    if (status.code() == Code::not_found) {
      note_missing(*load, status);
    } else if (!status.ok() && load->status.ok()) {
      load->status = status;
    }
    if (--load->coming > 0) return;
  }
  arrived(load);
}

bool Loads::step(Lock& lock) {
  if (!gather_.empty()) {
    gather_.send(lock);
    return true;
  }
  std::deque<Ptr>& loads = for_caller_.empty() ? queue_->loads : for_caller_;
  if (loads.empty()) return false;
  const Ptr load = std::move(loads.front());
  loads.pop_front();
  lock.unlock();
  if (!load->decoded) decode(*load);
  complete(load, true);
  lock.lock();
  return true;
}

void Loads::wait(Lock& lock, std::size_t outstanding) {
  caller_waits_ = true;
  wake_at_ = outstanding;
  shared_.changed.wait(lock);
  caller_waits_ = false;
  wake_at_ = kAlways;
}

void start_ahead(Entry& entry, Gather& gather, Lock& lock) {
  ArrayState& array = *entry.array;
  auto load = std::make_shared<Load>();
  load->array = array.shared_from_this();
  load->charged = array.chunk_bytes;
  load->entry = &entry;
  load->index = &entry.index;
  set_ahead(entry);
  count(stats().readahead_chunks);
  begin(load, gather, lock);
}

void wait_loads(ArrayState& array, Lock& lock) {
  array.shared->changed.wait(lock, [&] {
    // What a parent process had under way never ends here.
    return array.loading == 0 || array.inherited();
  });
}

}  // namespace arraymorph::chunk
