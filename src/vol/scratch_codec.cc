#include "vol/scratch_codec.h"

#include <atomic>
#include <cstring>

#include "hdf5/error.h"
#include "vol/chunk_io_args.h"
#include "vol/object.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;
using hdf5::Handle;

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

/// The public call, because only it sets up the connector for a file that is opened inside another
/// operation. Weakly closed: the file lives as long as the dataset in it.
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

}  // namespace

ScratchCodec::ScratchCodec(std::vector<FilterSpec> filters) : filters_(std::move(filters)) {}

void ScratchCodec::close() {
  if (dataset_ == nullptr) return;
  const hdf5::PreserveErrors preserve;
  api().H5VLdataset_close(dataset_, native(), default_transfer(), nullptr);
  dataset_ = nullptr;
}

Status ScratchCodec::failure(const char* act) const {
  std::string names;
  for (const FilterSpec& filter : filters_) {
    names += (names.empty() ? "" : ", ") + (filter.name.empty() ? "filter" : filter.name) + " (" +
             std::to_string(filter.id) + ")";
  }
  const std::string cause = hdf5::innermost_error();
  return {Code::unsupported, std::string("cannot ") + act + " with the filters " + names +
                                 (cause.empty() ? "" : ": " + cause) +
                                 "; if a filter is missing, install its plugin (many are in the "
                                 "Python package hdf5plugin: import it before reading)"};
}

Status ScratchCodec::prepare(hid_t type, hid_t dcpl, const chunk::Extent& chunk_dims) {
  if (dataset_ != nullptr) return {};
  rank_ = chunk_dims.size();
  const Handle file = create_memory_file();
  if (!file.valid()) return failure("set up a scratch file");
  const std::vector<hsize_t> dims(chunk_dims.begin(), chunk_dims.end());
  const Handle space(api().H5Screate_simple(static_cast<int>(rank_), dims.data(), nullptr));
  const Handle list(api().H5Pcopy(dcpl));
  api().H5Pset_alloc_time(list.get(), H5D_ALLOC_TIME_INCR);
  const H5VL_loc_params_t loc = self(H5I_FILE);
  dataset_ = api().H5VLdataset_create(api().H5VLobject(file.get()), &loc, native(), "chunk",
                                      ARRAYMORPH_HDF5_ID(H5P_LST_LINK_CREATE_ID_g), type, space.get(),
                                      list.get(), ARRAYMORPH_HDF5_ID(H5P_LST_DATASET_ACCESS_ID_g),
                                      default_transfer(), nullptr);
  return dataset_ != nullptr ? Status() : failure("set up chunks");
}

Handle ScratchCodec::type() const {
  H5VL_dataset_get_args_t args{};
  args.op_type = H5VL_DATASET_GET_TYPE;
  api().H5VLdataset_get(dataset_, native(), &args, default_transfer(), nullptr);
  return Handle(args.args.get_type.type_id);
}

Result<EncodedChunk> ScratchCodec::encode(ConstByteSpan decoded) const {
  if (dataset_ == nullptr) return Status(Code::internal, "the scratch dataset is not set up");
  const Handle file_type = type();
  void* dataset = dataset_;
  const void* from = decoded.data();
  hid_t type_id = file_type.get();
  hid_t all = H5S_ALL;
  if (api().H5VLdataset_write(1, &dataset, native(), &type_id, &all, &all, default_transfer(), &from,
                              nullptr) < 0) {
    return failure("encode a chunk");
  }
  H5VL_dataset_specific_args_t flush{};
  flush.op_type = H5VL_DATASET_FLUSH;
  flush.args.flush.dset_id = H5I_INVALID_HID;
  if (api().H5VLdataset_specific(dataset_, native(), &flush, default_transfer(), nullptr) < 0) {
    return failure("encode a chunk");
  }
  const std::vector<hsize_t> origin(rank_, 0);
  hsize_t size = 0;
  H5VL_native_dataset_get_chunk_storage_size_t query{origin.data(), &size};
  if (optional_op(dataset_, H5VL_NATIVE_DATASET_GET_CHUNK_STORAGE_SIZE, &query) < 0) {
    return failure("encode a chunk");
  }
  EncodedChunk encoded{Buffer(size), 0};
  if (read_raw(dataset_, origin.data(), encoded.filter_mask, encoded.bytes.span()) < 0) {
    return failure("encode a chunk");
  }
  return encoded;
}

Result<Buffer> ScratchCodec::decode(Buffer stored, std::uint32_t filter_mask,
                                    std::size_t decoded_size) const {
  if (dataset_ == nullptr) return Status(Code::internal, "the scratch dataset is not set up");
  const std::vector<hsize_t> origin(rank_, 0);
  const Handle file_type = type();
  Buffer decoded(decoded_size);
  void* dataset = dataset_;
  void* into = decoded.data();
  hid_t type_id = file_type.get();
  hid_t all = H5S_ALL;
  if (write_raw(dataset_, origin.data(), filter_mask, stored.span()) < 0 ||
      api().H5VLdataset_read(1, &dataset, native(), &type_id, &all, &all, default_transfer(), &into,
                             nullptr) < 0) {
    return failure("decode a chunk");
  }
  return decoded;
}

}  // namespace arraymorph::vol
