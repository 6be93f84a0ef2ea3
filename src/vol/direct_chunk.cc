#include "vol/direct_chunk.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

#include "vol/allocated_chunks.h"
#include "vol/chunk_io_args.h"
#include "vol/dataset.h"
#include "vol/file_state.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;
using NativeArgs = H5VL_native_dataset_optional_args_t;

/// The chunk that has the element at `offset`, inside the extent or not.
chunk::Index containing(const chunk::Grid& grid, const hsize_t* offset) {
  chunk::Index index(grid.dims.size());
  for (std::size_t axis = 0; axis < index.size(); ++axis) {
    index[axis] = offset[axis] / grid.chunk[axis];
  }
  return index;
}

/// The chunk that begins at `offset`: what reading and writing whole chunks takes.
Result<chunk::Index> beginning_at(const chunk::Grid& grid, const hsize_t* offset) {
  for (std::size_t axis = 0; axis < grid.dims.size(); ++axis) {
    if (offset[axis] % grid.chunk[axis] != 0) {
      return Status(Code::invalid_argument, "the offset is not that of a chunk's first element");
    }
    if (offset[axis] >= grid.dims[axis]) {
      return Status(Code::invalid_argument, "the offset lies outside the dataset");
    }
  }
  return containing(grid, offset);
}

std::vector<hsize_t> offset_of(const chunk::Grid& grid, const chunk::Index& index) {
  std::vector<hsize_t> offset(index.size());
  for (std::size_t axis = 0; axis < index.size(); ++axis) {
    offset[axis] = index[axis] * grid.chunk[axis];
  }
  return offset;
}

std::uint64_t total_chunks(const chunk::Grid& grid) {
  std::uint64_t total = 1;
  for (std::size_t axis = 0; axis < grid.dims.size(); ++axis) {
    total *= (grid.dims[axis] + grid.chunk[axis] - 1) / grid.chunk[axis];
  }
  return total;
}

/// HDF5 counts and numbers all chunks, whatever is selected; but it wants a dataspace.
Status check_space(hid_t space) {
  if (space == H5S_ALL || api().H5Sget_select_type(space) != H5S_SEL_ERROR) return {};
  return {Code::invalid_argument, "not a dataspace"};
}

Status number_of_chunks(Dataset& dataset, H5VL_native_dataset_get_num_chunks_t& args) {
  ARRAYMORPH_TRY(check_space(args.space_id));
  ARRAYMORPH_ASSIGN(const auto chunks, allocated_chunks(dataset, true));
  *args.nchunks = chunks->count();
  return {};
}

Status size_of_chunk(Dataset& dataset, H5VL_native_dataset_get_chunk_storage_size_t& args) {
  const chunk::Index index = containing(dataset.array->grid(), args.offset);
  ARRAYMORPH_ASSIGN(const auto chunks, allocated_chunks(dataset, false));
  const auto chunk = chunks->find(index);
  if (!chunk && chunks->count() > 0) return {Code::invalid_argument, "no chunk is stored there"};
  *args.size = chunk ? chunk->size : 0;
  return {};
}

Status info_by_index(Dataset& dataset, H5VL_native_dataset_get_chunk_info_by_idx_t& args) {
  ARRAYMORPH_TRY(check_space(args.space_id));
  ARRAYMORPH_ASSIGN(const auto chunks, allocated_chunks(dataset, args.chk_index == 0));
  if (args.chk_index >= chunks->count()) {
    return {Code::invalid_argument, "chunk index " + std::to_string(args.chk_index) +
                                        " is out of range: " + std::to_string(chunks->count()) +
                                        " chunks are stored"};
  }
  const AllocatedChunks::Chunk chunk = chunks->at(args.chk_index);
  if (args.offset != nullptr) {
    const auto offset = offset_of(dataset.array->grid(), chunk.index);
    std::copy(offset.begin(), offset.end(), args.offset);
  }
  if (args.filter_mask != nullptr) *args.filter_mask = chunk.filter_mask;
  if (args.addr != nullptr) *args.addr = chunk.position;
  if (args.size != nullptr) *args.size = chunk.size;
  return {};
}

Status info_by_coordinate(Dataset& dataset, H5VL_native_dataset_get_chunk_info_by_coord_t& args) {
  const chunk::Index index = containing(dataset.array->grid(), args.offset);
  ARRAYMORPH_ASSIGN(const auto chunks, allocated_chunks(dataset, false));
  const auto chunk = chunks->find(index);
  // Native leaves the mask of a chunk that is not stored as it is.
  if (args.filter_mask != nullptr) *args.filter_mask = chunk ? chunk->filter_mask : 0;
  if (args.addr != nullptr) *args.addr = chunk ? chunk->position : HADDR_UNDEF;
  if (args.size != nullptr) *args.size = chunk ? chunk->size : 0;
  return {};
}

Status iterate(Dataset& dataset, H5D_chunk_iter_op_t op, void* data) {
  // Held: the operator may write to the dataset.
  ARRAYMORPH_ASSIGN(const auto chunks, allocated_chunks(dataset, true));
  const chunk::Grid grid = dataset.array->grid();
  for (std::uint64_t n = 0; n < chunks->count(); ++n) {
    const AllocatedChunks::Chunk chunk = chunks->at(n);
    const auto offset = offset_of(grid, chunk.index);
    const int answer = op(offset.data(), chunk.filter_mask, chunk.position, chunk.size, data);
    if (answer < 0) return {Code::invalid_argument, "the chunk iteration operator failed"};
    if (answer > 0) break;
  }
  return {};
}

/// What is stored, or what HDF5 would have stored when the dataset was created.
Result<chunk::RawChunk> stored_chunk(Dataset& dataset, const chunk::Index& index) {
  auto chunk = dataset.array->read_raw(index);
  if (chunk.ok() || chunk.status().code() != Code::not_found) return chunk;
  ARRAYMORPH_ASSIGN(auto unwritten, unwritten_chunk(dataset));
  if (!unwritten) return chunk;
  return chunk::RawChunk{std::move(unwritten->bytes), unwritten->filter_mask};
}

Status read_chunk(Dataset& dataset, void* raw_args) {
  // The first three members are the same in every release.
  auto& args = *static_cast<ChunkReadArgs2*>(raw_args);
  ARRAYMORPH_ASSIGN(const chunk::Index index, beginning_at(dataset.array->grid(), args.offset));
  ARRAYMORPH_ASSIGN(const chunk::RawChunk chunk, stored_chunk(dataset, index));
  args.filters = chunk.filter_mask;
  if (api().version.at_least(2, 0) && args.buf_size != nullptr) {
    const std::size_t room = std::exchange(*args.buf_size, chunk.bytes.size());
    if (args.buf == nullptr || room < chunk.bytes.size()) return {};
  }
  std::memcpy(args.buf, chunk.bytes.data(), chunk.bytes.size());
  return {};
}

Status write_chunk(Object& object, void* raw_args) {
  if (!object.file->writable()) {
    return read_only(*object.file);
  }
  if (object.file->inherited()) return opened_by_parent(*object.file);
  Dataset& dataset = *object.dataset;
  const hsize_t* offset = nullptr;
  std::uint32_t mask = 0;
  ConstByteSpan bytes;
  if (api().version.at_least(2, 0)) {
    const auto& args = *static_cast<const ChunkWriteArgs2*>(raw_args);
    offset = args.offset, mask = args.filters;
    bytes = {static_cast<const std::byte*>(args.buf), args.size};
  } else {
    const auto& args = *static_cast<const H5VL_native_dataset_chunk_write_t*>(raw_args);
    offset = args.offset, mask = args.filters;
    bytes = {static_cast<const std::byte*>(args.buf), args.size};
  }
  ARRAYMORPH_ASSIGN(const chunk::Index index, beginning_at(dataset.array->grid(), offset));
  dataset.listed.reset();
  return dataset.array->write_raw(index, Buffer::copy_of(bytes), mask);
}

}  // namespace

Status storage_of(Object& object, H5VL_dataset_get_args_t& args) {
  Dataset& dataset = *object.dataset;
  const chunk::Grid& grid = dataset.array->grid();
  ARRAYMORPH_ASSIGN(const auto chunks, allocated_chunks(dataset, true));
  // HDF5 allocates all of a contiguous layout at once.
  const bool all = dataset.contiguous &&
                   (chunks->count() > 0 || dataset.user_alloc_time == H5D_ALLOC_TIME_EARLY);
  if (args.op_type == H5VL_DATASET_GET_SPACE_STATUS) {
    H5D_space_status_t& status = *args.args.get_space_status.status;
    if (all) {
      status = H5D_SPACE_STATUS_ALLOCATED;
    } else if (chunks->count() == 0) {
      status = H5D_SPACE_STATUS_NOT_ALLOCATED;
    } else {
      status = chunks->count() == total_chunks(grid) ? H5D_SPACE_STATUS_ALLOCATED
                                                     : H5D_SPACE_STATUS_PART_ALLOCATED;
    }
    return {};
  }
  // Our pieces of a contiguous layout are padded at the edge; HDF5 counts the array's own bytes.
  *args.args.get_storage_size.storage_size =
      all ? std::accumulate(grid.dims.begin(), grid.dims.end(), grid.element_size,
                            std::multiplies<>())
          : chunks->bytes();
  return {};
}

Status direct_chunk(Object& object, H5VL_optional_args_t& call, bool& handled) {
  Dataset& dataset = *object.dataset;
  auto* args = static_cast<NativeArgs*>(call.args);
  handled = true;
  switch (call.op_type) {
    case H5VL_NATIVE_DATASET_GET_NUM_CHUNKS:
      return number_of_chunks(dataset, args->get_num_chunks);
    case H5VL_NATIVE_DATASET_GET_CHUNK_STORAGE_SIZE:
      return size_of_chunk(dataset, args->get_chunk_storage_size);
    case H5VL_NATIVE_DATASET_GET_CHUNK_INFO_BY_IDX:
      return info_by_index(dataset, args->get_chunk_info_by_idx);
    case H5VL_NATIVE_DATASET_GET_CHUNK_INFO_BY_COORD:
      return info_by_coordinate(dataset, args->get_chunk_info_by_coord);
    case H5VL_NATIVE_DATASET_CHUNK_ITER:
      return iterate(dataset, args->chunk_iter.op, args->chunk_iter.op_data);
    case H5VL_NATIVE_DATASET_CHUNK_READ:
      return read_chunk(dataset, call.args);
    case H5VL_NATIVE_DATASET_CHUNK_WRITE:
      return write_chunk(object, call.args);
    default:
      handled = false;
      return {};
  }
}

}  // namespace arraymorph::vol
