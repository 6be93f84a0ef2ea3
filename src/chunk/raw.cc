// Chunks as they are stored: H5Dread_chunk, H5Dwrite_chunk and the listing of what is there.
#include "chunk/cache.h"
#include "chunk/flush.h"
#include "chunk/send.h"

namespace arraymorph::chunk {
namespace {

Status outside(const ArrayState& array, const Index& index) {
  return {Code::invalid_argument, array.describe(index) + ": outside the dataset"};
}

std::uint32_t mask_of(const ArrayState& array, const Index& index) {
  const auto found = array.spec.filter_masks.find(index);
  return found == array.spec.filter_masks.end() ? 0 : found->second;
}

}  // namespace

Result<RawChunk> Array::read_raw(const Index& index) {
  ArrayState& array = *impl_->state;
  if (!array.spec.grid.contains(index)) return outside(array, index);
  std::uint32_t mask = 0;
  {
    Lock lock(array.shared->mutex);
    ARRAYMORPH_TRY(flush_chunk(array, index, lock));
    if (array.absent(index)) {
      return Status(Code::not_found, array.describe(index) + ": never written");
    }
    mask = mask_of(array, index);
  }
  GetRequest request;
  request.key = array.key(index);
  Result<GetReply> reply = get(array.store, std::move(request));
  if (!reply.ok()) return reply.status().with_context(array.describe(index));
  return RawChunk{std::move(reply->body), mask};
}

Status Array::write_raw(const Index& index, Buffer bytes, std::uint32_t filter_mask) {
  ArrayState& array = *impl_->state;
  if (!array.spec.grid.contains(index)) return outside(array, index);
  Lock lock(array.shared->mutex);
  retry_failed(*array.shared);
  Entry& entry = pin(array, index);
  array.shared->changed.wait(lock, [&] { return !entry.writing; });
  entry.data.reset();
  entry.raw = std::make_shared<const Buffer>(std::move(bytes));
  entry.raw_mask = filter_mask;
  entry.failure = Status();
  recount(entry);
  mark_dirty(entry);
  send_within_limits(entry, lock, Step());
  unpin(entry);
  return make_room(*array.shared, lock, Step());
}

Result<std::vector<StoredChunk>> Array::stored() {
  ArrayState& array = *impl_->state;
  ARRAYMORPH_TRY(flush_array(array));
  ARRAYMORPH_ASSIGN(std::vector<StoredChunk> chunks, list_chunks(array));
  const Lock lock(array.shared->mutex);
  std::erase_if(chunks, [&](const StoredChunk& c) { return !array.spec.grid.contains(c.index); });
  for (StoredChunk& chunk : chunks) chunk.filter_mask = mask_of(array, chunk.index);
  return chunks;
}

}  // namespace arraymorph::chunk
