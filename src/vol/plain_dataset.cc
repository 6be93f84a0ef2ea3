#include "vol/plain_dataset.h"

#include <algorithm>
#include <utility>

#include "chunk/places.h"
#include "hdf5/creation.h"
#include "hdf5/dataspace.h"
#include "hdf5/error.h"
#include "vfd/chunk_index.h"
#include "vol/dataset.h"
#include "vol/engine.h"
#include "vol/file_state.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;
using hdf5::Handle;

constexpr std::uint64_t kSmall = 1 << 20;  // bytes of a dataset as stored
constexpr std::uint64_t kSmallGap = 64 << 10;
constexpr std::uint64_t kMostSmallChunks = 4096;

Handle creation_list_of_file(const Object& file) {
  H5VL_file_get_args_t args{};
  args.op_type = H5VL_FILE_GET_FCPL;
  if (api().H5VLfile_get(file.under, native(), &args, default_transfer(), nullptr) < 0) return {};
  return Handle(args.args.get_fcpl.fcpl_id);
}

chunk::PlacesObject object_of_file(const Object& object, std::string name) {
  const std::shared_ptr<vfd::Blocks>& blocks = object.file->plain();
  chunk::PlacesObject places;
  places.name = std::move(name);
  places.key = blocks->key();
  places.etag = blocks->etag();
  places.size = blocks->length();
  places.look = [blocks](std::uint64_t offset, std::uint64_t length) {
    return blocks->look(offset, length);
  };
  places.waits = [blocks](const std::vector<std::uint64_t>& offsets, std::uint64_t bytes,
                          const chunk::LinkCost& cost) { blocks->waits(offsets, bytes, cost); };
  return places;
}

Status native_call(Object& object, int operation, H5VL_native_dataset_optional_args_t& args) {
  H5VL_optional_args_t call{};
  call.op_type = operation;
  call.args = &args;
  if (api().H5VLdataset_optional(object.under, native(), &call, default_transfer(), nullptr) >= 0) {
    return {};
  }
  return {Code::corrupt, "cannot read the index of its chunks: " + hdf5::innermost_error()};
}

struct Collected {
  const chunk::Extent& chunk;
  std::uint64_t base;  ///< to add to addresses
  std::vector<chunk::PlacedChunk> chunks;
};

int collect(const hsize_t* offset, unsigned mask, haddr_t address, hsize_t size, void* data) {
  auto& collected = *static_cast<Collected*>(data);
  chunk::PlacedChunk placed;
  for (std::size_t d = 0; d < collected.chunk.size(); ++d) {
    placed.index.push_back(offset[d] / collected.chunk[d]);
  }
  placed.place = {collected.base + address, size, mask};
  collected.chunks.push_back(std::move(placed));
  return 0;
}

Result<std::vector<chunk::PlacedChunk>> read_index(Object& object, const chunk::Grid& grid) {
  const vfd::Superblock superblock = *object.file->plain()->superblock();
  // Earlier releases leave the user block out (HDFGroup/hdf5 #3003).
  Collected collected{grid.chunk, api().version.at_least(1, 14, 4) ? 0 : superblock.offset, {}};
  H5VL_native_dataset_optional_args_t args{};
  args.chunk_iter.op = collect;
  args.chunk_iter.op_data = &collected;
  const vfd::ChunkIndexFetch ahead(*object.file->plain(), superblock, grid.dims.size());
  ARRAYMORPH_TRY(native_call(object, H5VL_NATIVE_DATASET_CHUNK_ITER, args));
  return std::move(collected.chunks);
}

/// The offset does not tell: HDF5 adds the user block to its undefined address.
bool is_allocated(const Object& object) {
  H5D_space_status_t status = H5D_SPACE_STATUS_NOT_ALLOCATED;
  H5VL_dataset_get_args_t args{};
  args.op_type = H5VL_DATASET_GET_SPACE_STATUS;
  args.args.get_space_status.status = &status;
  return api().H5VLdataset_get(object.under, native(), &args, default_transfer(), nullptr) >= 0 &&
         status == H5D_SPACE_STATUS_ALLOCATED;
}

Result<std::shared_ptr<const chunk::Places>> find_places(Object& object,
                                                         const chunk::ArraySpec& spec,
                                                         bool contiguous) {
  chunk::PlacesObject places = object_of_file(object, spec.name);
  if (!contiguous) {
    ARRAYMORPH_ASSIGN(const auto chunks, read_index(object, spec.grid));
    return chunk::make_places(std::move(places), spec.grid, chunks, spec.codec->identity());
  }
  if (!is_allocated(object)) return std::shared_ptr<const chunk::Places>();
  haddr_t offset = HADDR_UNDEF;
  H5VL_native_dataset_optional_args_t args{};
  args.get_offset.offset = &offset;
  ARRAYMORPH_TRY(native_call(object, H5VL_NATIVE_DATASET_GET_OFFSET, args));
  return chunk::make_contiguous_places(std::move(places), spec.grid, offset);
}

/// A small dataset comes as metadata does: reading one after the other then takes few requests.
Status bring_small(vfd::Blocks& blocks, const chunk::Places& places) {
  if (places.count() > kMostSmallChunks) return {};
  const auto chunks = places.between(0, blocks.length());
  std::uint64_t bytes = 0;
  for (const chunk::PlacedChunk& chunk : chunks) bytes += chunk.place.size;
  if (chunks.empty() || bytes > kSmall) return {};
  const chunk::Place& last = chunks.back().place;
  const ByteRange range{chunks.front().place.offset,
                        last.offset + last.size - chunks.front().place.offset};
  return range.length > 2 * bytes + kSmallGap ? Status() : blocks.bring(range);
}

/// Of a kind that has chunk objects in the other layout, and of a size to have them.
bool reads_in_place(const Object& object, hid_t type, hid_t space, hid_t dcpl) {
  const chunk::Extent dims = hdf5::extent_of(space);
  std::uint64_t bytes = api().H5Tget_size(type);
  for (const std::uint64_t extent : dims) bytes *= extent;
  const Config& config = object.file->config();
  return wants_chunk_objects(config, type, space, dcpl) && bytes >= config.inline_bytes;
}

/// Null: native reads it.
Result<std::shared_ptr<Dataset>> make_in_place(Object& object) {
  const Handle type = type_of(object);
  const Handle space = space_of(object);
  const Handle dcpl = creation_list_of(object);
  if (!type.valid() || !space.valid() || !dcpl.valid() ||
      !reads_in_place(object, type.get(), space.get(), dcpl.get())) {
    return std::shared_ptr<Dataset>();
  }
  const Config& config = object.file->config();
  const bool contiguous = api().H5Pget_layout(dcpl.get()) == H5D_CONTIGUOUS;
  const chunk::Extent dims = hdf5::extent_of(space.get());
  const chunk::Extent chunk =
      contiguous ? chunk::split_contiguous(dims, api().H5Tget_size(type.get()), config.piece_bytes)
                 : hdf5::chunk_extent(dcpl.get(), dims.size());
  ARRAYMORPH_ASSIGN(Description description, describe(object, chunk, contiguous));
  // What only libhdf5 can decode it may as well read: a scratch dataset would take all the data.
  if (description.scratch) return std::shared_ptr<Dataset>();
  chunk::ArraySpec& spec = description.spec;
  auto places = find_places(object, spec, contiguous);
  if (!places.ok()) return places.status().with_context("dataset " + spec.name);
  if (*places == nullptr) return std::shared_ptr<Dataset>();
  spec.places = std::move(*places);
  ARRAYMORPH_TRY(bring_small(*object.file->plain(), *spec.places));
  auto dataset = std::make_shared<Dataset>();
  dataset->contiguous = contiguous;
  dataset->array = std::make_unique<chunk::Array>(object.file->store(), engine(), std::move(spec));
  return dataset;
}

}  // namespace

void adapt_to_file(const Object& file) {
  const hdf5::SilenceErrors silence;
  const Handle fcpl = creation_list_of_file(file);
  H5F_fspace_strategy_t strategy = H5F_FSPACE_STRATEGY_NONE;
  hbool_t persist = false;
  hsize_t threshold = 0;
  hsize_t page = 0;
  if (fcpl.valid() &&
      api().H5Pget_file_space_strategy(fcpl.get(), &strategy, &persist, &threshold) >= 0 &&
      strategy == H5F_FSPACE_STRATEGY_PAGE &&
      api().H5Pget_file_space_page_size(fcpl.get(), &page) >= 0) {
    file.file->plain()->align(page);
  }
}

Status place_dataset(Object& object) {
  if (object.placed || !object.file || !object.file->plain()) return {};
  if (!object.file->plain()->superblock()) return {};
  ARRAYMORPH_ASSIGN(const Address address, address_of(object.under, H5I_DATASET));
  auto& live = object.file->datasets();
  if (const auto found = live.find(address); found != live.end()) {
    object.in_place = found->second;
  } else {
    ARRAYMORPH_ASSIGN(object.in_place, make_in_place(object));
    if (object.in_place) live[address] = object.in_place;
  }
  object.placed = true;
  return {};
}

}  // namespace arraymorph::vol
