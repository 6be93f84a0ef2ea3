#include "chunk/load.h"

#include <new>

#include "chunk/cache.h"

namespace arraymorph::chunk {
namespace {

Result<Buffer> run_codec(const ArrayState& array, Load& load) {
  try {
    return array.spec.codec->decode(std::move(load.stored), load.mask,
                                    static_cast<std::size_t>(array.chunk_bytes));
  } catch (const std::bad_alloc&) {
    return Status(Code::internal, "out of memory while decoding");
  }
}

Result<std::shared_ptr<Buffer>> decoded_chunk(const ArrayState& array, Load& load) {
  if (load.absent) {
    ARRAYMORPH_ASSIGN(std::shared_ptr<Buffer> chunk, allocate_chunk(array.chunk_bytes));
    fill_chunk(chunk->span(), array.spec.fill.span());
    return chunk;
  }
  ARRAYMORPH_ASSIGN(Buffer bytes, run_codec(array, load));
  // Codecs check this themselves; one that does not must not make us read past its end.
  if (bytes.size() != array.chunk_bytes) {
    return Status(Code::corrupt, std::to_string(bytes.size()) + " bytes decoded, " +
                                     std::to_string(array.chunk_bytes) + " expected");
  }
  return std::make_shared<Buffer>(std::move(bytes));
}

}  // namespace

void decode(Load& load) {
  load.decoded = true;
  if (!load.status.ok()) return;
  Result<std::shared_ptr<Buffer>> chunk = decoded_chunk(*load.array, load);
  if (chunk.ok()) {
    load.data = std::move(chunk).value();
  } else {
    load.status = chunk.status();
  }
}

void Loads::start(Entry& entry, std::size_t access, Lock& lock) {
  ArrayState& array = *entry.array;
  auto load = std::make_shared<Load>();
  load->array = array.shared_from_this();
  load->entry = &entry;
  load->accesses.push_back(access);
  ++entry.pins;
  charge(shared_, array.chunk_bytes);
  ++outstanding_;
  coming_.emplace(&entry, load);
  if (entry.raw) {
    load->mask = entry.raw_mask;
    const std::shared_ptr<const Buffer> raw = entry.raw;
    lock.unlock();
    load->stored = Buffer::copy_of(raw->span());
    advance(load);
    lock.lock();
  } else if (array.absent(entry.index)) {
    load->absent = true;
    lock.unlock();
    advance(load);
    lock.lock();
  } else {
    fetch(load, lock);
  }
}

void Loads::fetch(const Ptr& load, Lock& lock) {
  const ArrayState& array = *load->array;
  const auto mask = array.spec.filter_masks.find(load->entry->index);
  if (mask != array.spec.filter_masks.end()) load->mask = mask->second;
  GetRequest request;
  request.key = array.key(load->entry->index);
  request.expected = array.chunk_bytes;
  lock.unlock();
  load->array->store.get(std::move(request),
                         [this, load](Result<GetReply> reply) { fetched(load, std::move(reply)); });
  lock.lock();
}

void Loads::fetched(const Ptr& load, Result<GetReply> reply) {
  if (reply.ok()) {
    load->stored = std::move(reply->body);
  } else if (reply.status().code() == Code::not_found) {
    load->absent = true;
  } else {
    load->status = reply.status();
  }
  advance(load);
}

// Threads of the store must stay free: the work goes to a codec thread or to the caller.
void Loads::advance(const Ptr& load) {
  if (!load->array->spec.codec->runs_anywhere()) {
    wait_for_caller(load);
    return;
  }
  shared_.pool.submit([this, load] {
    decode(*load);
    if (take_anywhere_) {
      arrive(load);
    } else {
      wait_for_caller(load);
    }
  });
}

void Loads::wait_for_caller(const Ptr& load) {
  const Lock lock(shared_.mutex);
  for_caller_.push_back(load);
  shared_.changed.notify_all();
}

Load* Loads::find(const Entry& entry) const {
  const auto found = coming_.find(&entry);
  return found == coming_.end() ? nullptr : found->second.get();
}

Status Loads::failure(const Entry& entry) const {
  const auto found = failures_.find(&entry);
  return found == failures_.end() ? Status() : found->second;
}

bool Loads::step(Lock& lock) {
  if (for_caller_.empty()) return false;
  const Ptr load = std::move(for_caller_.front());
  for_caller_.pop_front();
  lock.unlock();
  if (!load->decoded) decode(*load);
  arrive(load);
  lock.lock();
  return true;
}

// After the last unlock `this` may be gone.
void Loads::arrive(const Ptr& load) {
  const std::shared_ptr<ArrayState> array = load->array;
  Entry& entry = *load->entry;
  if (!load->status.ok()) load->status = load->status.with_context(array->describe(entry.index));
  {
    const Lock lock(shared_.mutex);
    coming_.erase(&entry);
    if (!load->status.ok()) failures_.emplace(&entry, load->status);
    if (load->data && !entry.data) {
      entry.data = load->data;
      recount(entry);
      trim(shared_);
    }
  }
  if (take_) take_(*load);
  Shared& shared = *array->shared;
  const Lock lock(shared.mutex);
  discharge(shared, array->chunk_bytes);
  unpin(entry);
  --outstanding_;
  shared.changed.notify_all();
}

}  // namespace arraymorph::chunk
