#include "vol/scratch_codec.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <numeric>
#include <set>
#include <utility>

#include "hdf5/dataspace.h"
#include "hdf5/error.h"
#include "hdf5/filters.h"
#include "vol/chunk_io_args.h"
#include "vol/object.h"
#include "vol/scratch_guards.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;
using hdf5::Handle;

/// Per library, under its lock. Leaked, see hdf5/api.cc.
struct Scratch {
  std::set<ScratchCodec*> codecs;  ///< with a file
  // Native objects of codecs that are gone, still to be closed.
  std::vector<void*> datasets;
  std::vector<void*> groups;
};

Scratch& scratch() {
  static auto* const all = new std::array<Scratch, hdf5::kMaxLibraries>;
  return (*all)[static_cast<std::size_t>(api().slot)];
}

herr_t optional_op(void* dataset, int op, void* args) {
  H5VL_optional_args_t call{op, args};
  return api().H5VLdataset_optional(dataset, native(), &call, default_transfer(), nullptr);
}

herr_t write_raw(void* dataset, const hsize_t* offset, std::uint32_t mask, ConstByteSpan bytes) {
  if (api().version.at_least(2, 0)) {
    ChunkWriteArgs2 args{offset, mask, bytes.size(), bytes.data()};
    return optional_op(dataset, H5VL_NATIVE_DATASET_CHUNK_WRITE, &args);
  }
  H5VL_native_dataset_chunk_write_t args{offset, mask, static_cast<std::uint32_t>(bytes.size()),
                                         bytes.data()};
  return optional_op(dataset, H5VL_NATIVE_DATASET_CHUNK_WRITE, &args);
}

herr_t read_raw(void* dataset, const hsize_t* offset, std::uint32_t& mask, ByteSpan into) {
  herr_t result = -1;
  if (api().version.at_least(2, 0)) {
    std::size_t size = into.size();
    ChunkReadArgs2 args{offset, 0, into.data(), &size};
    result = optional_op(dataset, H5VL_NATIVE_DATASET_CHUNK_READ, &args);
    mask = args.filters;
  } else {
    H5VL_native_dataset_chunk_read_t args{offset, 0, into.data()};
    result = optional_op(dataset, H5VL_NATIVE_DATASET_CHUNK_READ, &args);
    mask = args.filters;
  }
  return result;
}

}  // namespace

Handle create_memory_file() {
  static std::atomic<unsigned> counter{0};
  const Handle fapl(api().H5Pcreate(ARRAYMORPH_HDF5_ID(H5P_CLS_FILE_ACCESS_ID_g)));
  constexpr std::size_t kIncrement = 1 << 20;
  if (api().H5Pset_vol(fapl.get(), native(), nullptr) < 0 ||
      api().H5Pset_fapl_core(fapl.get(), kIncrement, false) < 0 ||
      api().H5Pset_fclose_degree(fapl.get(), H5F_CLOSE_WEAK) < 0) {
    return {};
  }
  const std::string name = "arraymorph-scratch-" + std::to_string(counter++);
  return Handle(api().H5Fcreate(name.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, fapl.get()));
}

ScratchCodec::ScratchCodec(std::vector<FilterSpec> filters) : filters_(std::move(filters)) {}

void ScratchCodec::close() {
  Scratch& all = scratch();
  all.codecs.erase(this);
  for (void** dataset : {&dataset_, &pristine_}) {
    if (*dataset != nullptr) all.datasets.push_back(std::exchange(*dataset, nullptr));
  }
  if (root_ != nullptr) all.groups.push_back(std::exchange(root_, nullptr));
}

void close_scratch_files() {
  const auto datasets = std::exchange(scratch().datasets, {});
  const auto groups = std::exchange(scratch().groups, {});
  if (datasets.empty() && groups.empty()) return;
  const hdf5::PreserveErrors preserve;
  for (void* dataset : datasets) {
    api().H5VLdataset_close(dataset, native(), default_transfer(), nullptr);
  }
  for (void* group : groups) {
    api().H5VLgroup_close(group, native(), default_transfer(), nullptr);
  }
}

void close_every_scratch_file() {
  const std::set<ScratchCodec*> codecs = scratch().codecs;
  for (ScratchCodec* codec : codecs) codec->close();
  close_scratch_files();
}

Status ScratchCodec::failure(const char* act) const {
  const std::string cause = hdf5::innermost_error();
  hdf5::clear_errors();  // programs are told the innermost one: that is to be ours
  if (const std::string refused = take_refusal(); !refused.empty()) {
    return {Code::corrupt, refused};
  }
  const std::string missing = hdf5::missing_filters(filters_);
  if (!missing.empty()) return {Code::unsupported, std::string("cannot ") + act + ": " + missing};
  std::string names;
  for (const FilterSpec& filter : filters_) {
    names += (names.empty() ? "" : ", ") + hdf5::filter_label(filter);
  }
  return {Code::corrupt, std::string("cannot ") + act + " with the filters " + names +
                             (cause.empty() ? "" : ": " + cause)};
}

void* ScratchCodec::create_guarded(void* source, void* file) const {
  const hdf5::SilenceErrors silence;
  H5VL_dataset_get_args_t get{};
  get.op_type = H5VL_DATASET_GET_DCPL;
  if (api().H5VLdataset_get(source, native(), &get, default_transfer(), nullptr) < 0) {
    return nullptr;
  }
  const Handle dcpl(get.args.get_dcpl.dcpl_id);
  get.op_type = H5VL_DATASET_GET_TYPE;
  if (api().H5VLdataset_get(source, native(), &get, default_transfer(), nullptr) < 0) {
    return nullptr;
  }
  const Handle stored_type(get.args.get_type.type_id);
  const Handle type(api().H5Tcopy(stored_type.get()));  // it may be committed in another file
  const std::vector<hsize_t> dims(chunk_.begin(), chunk_.end());
  const Handle space(api().H5Screate_simple(static_cast<int>(dims.size()), dims.data(), nullptr));
  const std::uint64_t bytes =
      std::accumulate(chunk_.begin(), chunk_.end(), std::uint64_t{api().H5Tget_size(type.get())},
                      std::multiplies<>());
  const Handle list = with_guards(dcpl.get(), filters_, bytes);
  if (!list.valid()) return nullptr;
  const KeepParameters keep(filters_);
  const H5VL_loc_params_t loc = self(H5I_FILE);
  return api().H5VLdataset_create(
      file, &loc, native(), "pristine", ARRAYMORPH_HDF5_ID(H5P_LST_LINK_CREATE_ID_g), type.get(),
      space.get(), list.get(), ARRAYMORPH_HDF5_ID(H5P_LST_DATASET_ACCESS_ID_g), default_transfer(),
      nullptr);
}

std::uint32_t ScratchCodec::mask_inside(std::uint32_t mask) const {
  return guarded_ ? guarded_mask(mask) : mask;
}

void* ScratchCodec::copy_dataset(void* source, void* target, H5I_type_t target_type,
                                 const char* name) {
  const Handle options(api().H5Pcreate(ARRAYMORPH_HDF5_ID(H5P_CLS_OBJECT_COPY_ID_g)));
  const H5VL_loc_params_t from = self(H5I_DATASET);
  const H5VL_loc_params_t to = self(target_type);
  if (api().H5Pset_copy_object(options.get(), H5O_COPY_WITHOUT_ATTR_FLAG) < 0 ||
      api().H5VLobject_copy(source, &from, ".", target, &to, name, native(), options.get(),
                            ARRAYMORPH_HDF5_ID(H5P_LST_LINK_CREATE_ID_g), default_transfer(),
                            nullptr) < 0) {
    return nullptr;
  }
  return api().H5VLdataset_open(target, &to, native(), name,
                                ARRAYMORPH_HDF5_ID(H5P_LST_DATASET_ACCESS_ID_g), default_transfer(),
                                nullptr);
}

Status ScratchCodec::prepare(void* native_dataset, const chunk::Extent& chunk_dims) {
  if (dataset_ != nullptr) return {};
  close_scratch_files();
  chunk_ = chunk_dims;
  const Handle file = create_memory_file();
  if (!file.valid()) return failure("set up a scratch file");
  void* native_file = api().H5VLobject(file.get());
  const H5VL_loc_params_t loc = self(H5I_FILE);
  scratch().codecs.insert(this);
  root_ = api().H5VLgroup_open(native_file, &loc, native(), "/",
                               ARRAYMORPH_HDF5_ID(H5P_LST_GROUP_ACCESS_ID_g), default_transfer(),
                               nullptr);
  pristine_ = create_guarded(native_dataset, native_file);
  guarded_ = pristine_ != nullptr;
  if (!guarded_) pristine_ = copy_dataset(native_dataset, native_file, H5I_FILE, "copy");
  void* dataset =
      pristine_ == nullptr ? nullptr : copy_dataset(pristine_, native_file, H5I_FILE, "chunk");
  if (root_ == nullptr || pristine_ == nullptr || dataset == nullptr || !grow(pristine_, chunk_) ||
      !grow(dataset, chunk_)) {
    const Status status = failure("set up chunks");
    if (dataset != nullptr) api().H5VLdataset_close(dataset, native(), default_transfer(), nullptr);
    close();
    return status;
  }
  dataset_ = dataset;
  return {};
}

// The first chunk must lie inside the extent as a whole.
bool ScratchCodec::grow(void* dataset, const chunk::Extent& to) {
  H5VL_dataset_get_args_t get{};
  get.op_type = H5VL_DATASET_GET_SPACE;
  if (api().H5VLdataset_get(dataset, native(), &get, default_transfer(), nullptr) < 0) return false;
  const Handle space(get.args.get_space.space_id);
  const chunk::Extent dims = hdf5::extent_of(space.get());
  std::vector<hsize_t> size(dims.begin(), dims.end());
  for (std::size_t axis = 0; axis < size.size(); ++axis) {
    size[axis] = std::max<hsize_t>(size[axis], to[axis]);
  }
  if (std::equal(size.begin(), size.end(), dims.begin())) return true;
  H5VL_dataset_specific_args_t set{};
  set.op_type = H5VL_DATASET_SET_EXTENT;
  set.args.set_extent.size = size.data();
  return api().H5VLdataset_specific(dataset, native(), &set, default_transfer(), nullptr) >= 0;
}

/// The ids of a transfer of the whole chunk in the file type.
struct ScratchCodec::Whole {
  Whole(void* dataset, const chunk::Extent& chunk) {
    H5VL_dataset_get_args_t get{};
    get.op_type = H5VL_DATASET_GET_TYPE;
    api().H5VLdataset_get(dataset, native(), &get, default_transfer(), nullptr);
    type = Handle(get.args.get_type.type_id);
    get.op_type = H5VL_DATASET_GET_SPACE;
    api().H5VLdataset_get(dataset, native(), &get, default_transfer(), nullptr);
    file = Handle(get.args.get_space.space_id);
    const std::vector<hsize_t> count(chunk.begin(), chunk.end());
    const std::vector<hsize_t> start(count.size(), 0);
    memory = Handle(api().H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr));
    api().H5Sselect_hyperslab(file.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(),
                              nullptr);
    type_id = type.get(), memory_id = memory.get(), file_id = file.get();
  }
  Handle type, memory, file;
  hid_t type_id, memory_id, file_id;
};

Result<EncodedChunk> ScratchCodec::encode(ConstByteSpan decoded) const {
  if (dataset_ == nullptr) return Status(Code::internal, "the scratch dataset is not set up");
  Whole whole(dataset_, chunk_);
  void* dataset = dataset_;
  const void* from = decoded.data();
  if (api().H5VLdataset_write(1, &dataset, native(), &whole.type_id, &whole.memory_id,
                              &whole.file_id, default_transfer(), &from, nullptr) < 0) {
    return failure("encode a chunk");
  }
  H5VL_dataset_specific_args_t flush{};
  flush.op_type = H5VL_DATASET_FLUSH;
  flush.args.flush.dset_id = H5I_INVALID_HID;
  if (api().H5VLdataset_specific(dataset_, native(), &flush, default_transfer(), nullptr) < 0) {
    return failure("encode a chunk");
  }
  const std::vector<hsize_t> origin(chunk_.size(), 0);
  hsize_t size = 0;
  H5VL_native_dataset_get_chunk_storage_size_t query{origin.data(), &size};
  if (optional_op(dataset_, H5VL_NATIVE_DATASET_GET_CHUNK_STORAGE_SIZE, &query) < 0) {
    return failure("encode a chunk");
  }
  EncodedChunk encoded{Buffer(size), 0};
  if (read_raw(dataset_, origin.data(), encoded.filter_mask, encoded.bytes.span()) < 0) {
    return failure("encode a chunk");
  }
  if (guarded_) encoded.filter_mask = plain_mask(encoded.filter_mask);
  return encoded;
}

Status ScratchCodec::read_whole(void* dataset, ByteSpan into) const {
  Whole whole(dataset, chunk_);
  void* target = into.data();
  if (api().H5VLdataset_read(1, &dataset, native(), &whole.type_id, &whole.memory_id,
                             &whole.file_id, default_transfer(), &target, nullptr) < 0) {
    return failure("decode a chunk");
  }
  return {};
}

// HDF5 keeps the filter mask of the chunk it looked at last, and of a chunk that is replaced by one
// of the same size: a mask written by H5Dwrite_chunk is not seen by a later H5Dread of the same
// open dataset. So: a dataset of its own, closed in between.
Status ScratchCodec::decode_masked(ConstByteSpan stored, std::uint32_t filter_mask,
                                   ByteSpan into) const {
  static std::atomic<unsigned> counter{0};
  const std::string name = "masked-" + std::to_string(counter++);
  const std::vector<hsize_t> origin(chunk_.size(), 0);
  const H5VL_loc_params_t loc = self(H5I_GROUP);
  void* dataset = copy_dataset(pristine_, root_, H5I_GROUP, name.c_str());
  if (dataset == nullptr) return failure("decode a chunk");
  const herr_t written = write_raw(dataset, origin.data(), mask_inside(filter_mask), stored);
  Status status = written < 0 ? failure("decode a chunk") : Status();
  api().H5VLdataset_close(dataset, native(), default_transfer(), nullptr);
  ARRAYMORPH_TRY(status);
  dataset = api().H5VLdataset_open(root_, &loc, native(), name.c_str(),
                                   ARRAYMORPH_HDF5_ID(H5P_LST_DATASET_ACCESS_ID_g),
                                   default_transfer(), nullptr);
  if (dataset == nullptr) return failure("decode a chunk");
  status = read_whole(dataset, into);
  api().H5VLdataset_close(dataset, native(), default_transfer(), nullptr);
  const H5VL_loc_params_t link = by_name(H5I_GROUP, name.c_str());
  H5VL_link_specific_args_t remove{};
  remove.op_type = H5VL_LINK_DELETE;
  api().H5VLlink_specific(root_, &link, native(), &remove, default_transfer(), nullptr);
  return status;
}

Status ScratchCodec::decode_into(ConstByteSpan stored, std::uint32_t filter_mask,
                                 ByteSpan into) const {
  if (dataset_ == nullptr) return Status(Code::internal, "the scratch dataset is not set up");
  const std::uint32_t every = filters_.size() < 32 ? (1u << filters_.size()) - 1 : ~0u;
  if ((filter_mask & every) == every && stored.size() == into.size()) {
    std::copy(stored.begin(), stored.end(), into.begin());
    return {};
  }
  if (filter_mask != 0) return decode_masked(stored, filter_mask, into);
  const std::vector<hsize_t> origin(chunk_.size(), 0);
  if (write_raw(dataset_, origin.data(), 0, stored) < 0) return failure("decode a chunk");
  return read_whole(dataset_, into);
}

}  // namespace arraymorph::vol
