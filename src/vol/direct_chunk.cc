#include "vol/direct_chunk.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

#include "vol/chunk_io_args.h"
#include "vol/dataset.h"
#include "vol/file_state.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;
using NativeArgs = H5VL_native_dataset_optional_args_t;

Result<chunk::Index> index_of(const chunk::Grid& grid, const hsize_t* offset) {
  chunk::Index index(grid.dims.size());
  for (std::size_t axis = 0; axis < index.size(); ++axis) {
    if (offset[axis] % grid.chunk[axis] != 0) {
      return Status(Code::invalid_argument, "the offset is not that of a chunk's first element");
    }
    if (offset[axis] >= grid.dims[axis]) {
      return Status(Code::invalid_argument, "the offset lies outside the dataset");
    }
    index[axis] = offset[axis] / grid.chunk[axis];
  }
  return index;
}

std::vector<hsize_t> offset_of(const chunk::Grid& grid, const chunk::Index& index) {
  std::vector<hsize_t> offset(index.size());
  for (std::size_t axis = 0; axis < index.size(); ++axis) {
    offset[axis] = index[axis] * grid.chunk[axis];
  }
  return offset;
}

/// The listing, from the last question when nothing was written since.
Result<const std::vector<chunk::StoredChunk>*> listing(Dataset& dataset, bool again) {
  if (again || !dataset.listed) {
    ARRAYMORPH_ASSIGN(dataset.listed, dataset.array->stored());
  }
  return &*dataset.listed;
}

std::uint64_t total_chunks(const chunk::Grid& grid) {
  std::uint64_t total = 1;
  for (std::size_t axis = 0; axis < grid.dims.size(); ++axis) {
    total *= (grid.dims[axis] + grid.chunk[axis] - 1) / grid.chunk[axis];
  }
  return total;
}

haddr_t position_of(const std::vector<chunk::StoredChunk>& chunks, std::size_t n) {
  return std::accumulate(chunks.begin(), chunks.begin() + static_cast<std::ptrdiff_t>(n),
                         haddr_t{0},
                         [](haddr_t sum, const auto& chunk) { return sum + chunk.size; });
}

Result<const chunk::StoredChunk*> find(Dataset& dataset, const hsize_t* offset, haddr_t* position) {
  ARRAYMORPH_ASSIGN(const chunk::Index index, index_of(dataset.array->grid(), offset));
  ARRAYMORPH_ASSIGN(const auto* chunks, listing(dataset, false));
  const auto found = std::lower_bound(
      chunks->begin(), chunks->end(), index,
      [](const chunk::StoredChunk& chunk, const chunk::Index& key) { return chunk.index < key; });
  if (found == chunks->end() || found->index != index) {
    return static_cast<const chunk::StoredChunk*>(nullptr);
  }
  if (position != nullptr) {
    *position = position_of(*chunks, static_cast<std::size_t>(found - chunks->begin()));
  }
  return &*found;
}

Status info_by_index(Dataset& dataset, H5VL_native_dataset_get_chunk_info_by_idx_t& args) {
  ARRAYMORPH_ASSIGN(const auto* chunks, listing(dataset, args.chk_index == 0));
  if (args.chk_index >= chunks->size()) {
    return {Code::invalid_argument, "chunk index " + std::to_string(args.chk_index) +
                                        " is out of range: " + std::to_string(chunks->size()) +
                                        " chunks are stored"};
  }
  const chunk::StoredChunk& chunk = (*chunks)[args.chk_index];
  if (args.offset != nullptr) {
    const auto offset = offset_of(dataset.array->grid(), chunk.index);
    std::copy(offset.begin(), offset.end(), args.offset);
  }
  if (args.filter_mask != nullptr) *args.filter_mask = chunk.filter_mask;
  if (args.addr != nullptr) *args.addr = position_of(*chunks, args.chk_index);
  if (args.size != nullptr) *args.size = chunk.size;
  return {};
}

Status info_by_coordinate(Dataset& dataset, H5VL_native_dataset_get_chunk_info_by_coord_t& args) {
  haddr_t position = HADDR_UNDEF;
  ARRAYMORPH_ASSIGN(const auto* chunk, find(dataset, args.offset, &position));
  if (args.filter_mask != nullptr) *args.filter_mask = chunk == nullptr ? 0 : chunk->filter_mask;
  if (args.addr != nullptr) *args.addr = position;
  if (args.size != nullptr) *args.size = chunk == nullptr ? 0 : chunk->size;
  return {};
}

Status iterate(Dataset& dataset, H5D_chunk_iter_op_t op, void* data) {
  // A copy: the operator may write to the dataset.
  ARRAYMORPH_ASSIGN(const auto* listed, listing(dataset, true));
  const std::vector<chunk::StoredChunk> chunks = *listed;
  const chunk::Grid grid = dataset.array->grid();
  haddr_t position = 0;
  for (const chunk::StoredChunk& chunk : chunks) {
    const auto offset = offset_of(grid, chunk.index);
    const int answer = op(offset.data(), chunk.filter_mask, position, chunk.size, data);
    if (answer < 0) return {Code::invalid_argument, "the chunk iteration operator failed"};
    if (answer > 0) break;
    position += chunk.size;
  }
  return {};
}

Status read_chunk(Dataset& dataset, void* raw_args) {
  // The first three members are the same in every release.
  auto& args = *static_cast<ChunkReadArgs2*>(raw_args);
  ARRAYMORPH_ASSIGN(const chunk::Index index, index_of(dataset.array->grid(), args.offset));
  ARRAYMORPH_ASSIGN(const chunk::RawChunk chunk, dataset.array->read_raw(index));
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
  ARRAYMORPH_ASSIGN(const chunk::Index index, index_of(dataset.array->grid(), offset));
  dataset.listed.reset();
  return dataset.array->write_raw(index, Buffer::copy_of(bytes), mask);
}

}  // namespace

Status storage_of(Object& object, H5VL_dataset_get_args_t& args) {
  Dataset& dataset = *object.dataset;
  const chunk::Grid& grid = dataset.array->grid();
  ARRAYMORPH_ASSIGN(const auto* chunks, listing(dataset, true));
  if (args.op_type == H5VL_DATASET_GET_SPACE_STATUS) {
    const bool all = dataset.contiguous || chunks->size() == total_chunks(grid);
    *args.args.get_space_status.status =
        chunks->empty() ? H5D_SPACE_STATUS_NOT_ALLOCATED
                        : (all ? H5D_SPACE_STATUS_ALLOCATED : H5D_SPACE_STATUS_PART_ALLOCATED);
    return {};
  }
  hsize_t size = position_of(*chunks, chunks->size());
  // Our pieces of a contiguous layout are padded at the edge; HDF5 counts the array's own bytes.
  if (dataset.contiguous && !chunks->empty()) {
    size =
        std::accumulate(grid.dims.begin(), grid.dims.end(), grid.element_size, std::multiplies<>());
  }
  *args.args.get_storage_size.storage_size = size;
  return {};
}

Status direct_chunk(Object& object, H5VL_optional_args_t& call, bool& handled) {
  Dataset& dataset = *object.dataset;
  auto* args = static_cast<NativeArgs*>(call.args);
  handled = true;
  switch (call.op_type) {
    case H5VL_NATIVE_DATASET_GET_NUM_CHUNKS: {
      ARRAYMORPH_ASSIGN(const auto* chunks, listing(dataset, true));
      *args->get_num_chunks.nchunks = chunks->size();
      return {};
    }
    case H5VL_NATIVE_DATASET_GET_CHUNK_STORAGE_SIZE: {
      ARRAYMORPH_ASSIGN(const auto* chunk,
                        find(dataset, args->get_chunk_storage_size.offset, nullptr));
      *args->get_chunk_storage_size.size = chunk == nullptr ? 0 : chunk->size;
      return {};
    }
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
