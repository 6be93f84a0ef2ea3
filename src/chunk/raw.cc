// Chunks as they are stored: H5Dread_chunk, H5Dwrite_chunk and the listing of what is there.
#include "chunk/cache.h"
#include "chunk/flush.h"
#include "chunk/missing.h"
#include "chunk/send.h"

namespace arraymorph::chunk {
namespace {

Status outside(const ArrayState& array, const Index& index) {
  return {Code::invalid_argument,
          array.describe(index, chunk_key(array.spec.prefix, index)) + ": outside the dataset"};
}

}  // namespace

Result<RawChunk> Array::read_raw(const Index& index) {
  ArrayState& array = *impl_->state;
  if (!array.spec.grid.contains(index)) return outside(array, index);
  std::uint32_t mask = 0;
  GetRequest request;
  bool must_exist = false;
  {
    Lock lock(array.shared->mutex);
    ARRAYMORPH_TRY(flush_chunk(array, index, lock));
    request.key = array.key(index);
    if (array.absent(index)) {
      return Status(Code::not_found, array.describe(index, request.key) + ": never written");
    }
    must_exist = !array.tag_of(index).empty();
    mask = array.mask_of(index);
  }
  const std::string what = array.describe(index, request.key);
  Result<GetReply> reply = get(array.store, std::move(request));
  if (reply.ok()) return RawChunk{std::move(reply->body), mask};
  const Status failure = reply.status();
  if (failure.code() != Code::not_found) return failure.with_context(what);
  if (must_exist) return missing_version(failure).with_context(what);
  Lock lock(array.shared->mutex);
  ARRAYMORPH_TRY(confirm_missing({{{&array, index}}}, lock));
  return failure.with_context(what);
}

Result<EncodedChunk> Array::encoded_fill() const {
  const ArrayState& array = *impl_->state;
  ARRAYMORPH_ASSIGN(const std::shared_ptr<Buffer> chunk, allocate_chunk(array.chunk_bytes));
  fill_chunk(chunk->span(), array.spec.fill.span());
  return array.spec.codec->encode(chunk->span());
}

Status Array::write_raw(const Index& index, Buffer bytes, std::uint32_t filter_mask) {
  ArrayState& array = *impl_->state;
  if (!array.spec.grid.contains(index)) return outside(array, index);
  if (array.spec.codec->identity() && bytes.size() != array.chunk_bytes) {
    return {Code::invalid_argument, array.describe(index, chunk_key(array.spec.prefix, index)) +
                                        ": " + std::to_string(bytes.size()) +
                                        " bytes given, a chunk without filters has " +
                                        std::to_string(array.chunk_bytes)};
  }
  Lock lock(array.shared->mutex);
  retry_failed(*array.shared);
  Entry& entry = pin(array, index);
  array.shared->changed.wait(lock, [&] { return !entry.writing; });
  entry.data.reset();
  entry.unsure = false;
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
  Lock lock(array.shared->mutex);
  ARRAYMORPH_TRY(confirm_listing(array, chunks, lock));
  std::erase_if(chunks, [&](const StoredChunk& c) {
    return !array.spec.grid.contains(c.index) || array.absent(c.index);
  });
  for (StoredChunk& chunk : chunks) chunk.filter_mask = array.mask_of(chunk.index);
  return chunks;
}

}  // namespace arraymorph::chunk
