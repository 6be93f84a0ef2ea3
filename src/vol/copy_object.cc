#include "vol/copy_object.h"

#include <string>
#include <vector>

#include "hdf5/dataspace.h"
#include "hdf5/error.h"
#include "vol/callbacks.h"
#include "vol/dataset.h"
#include "vol/file_state.h"
#include "vol/walk.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;
using hdf5::Handle;

/// Closes a wrapped object however the scope is left.
class Opened {
 public:
  Opened(void* native_parent, const H5VL_loc_params_t& loc) {
    const hdf5::SilenceErrors silence;
    H5I_type_t type = H5I_BADID;
    void* found =
        api().H5VLobject_open(native_parent, &loc, native(), &type, default_transfer(), nullptr);
    if (found != nullptr) obj_ = wrap(found, type);
  }
  ~Opened() {
    if (obj_ == nullptr) return;
    const hdf5::PreserveErrors preserve;
    switch (object_of(obj_).type) {
      case H5I_DATASET:
        dataset::close(obj_, default_transfer(), nullptr);
        break;
      case H5I_GROUP:
        group::close(obj_, default_transfer(), nullptr);
        break;
      default:
        datatype::close(obj_, default_transfer(), nullptr);
    }
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  Object* get() const { return static_cast<Object*>(obj_); }
  bool is(H5I_type_t type) const { return obj_ != nullptr && object_of(obj_).type == type; }

 private:
  void* obj_ = nullptr;
};

/// Paths of the datasets under a group, relative to it, each dataset once.
Result<std::vector<std::string>> datasets_under(const Object& group) {
  std::vector<std::string> paths;
  const auto note = [&](const std::string& path, Address, H5O_type_t type) {
    if (type == H5O_TYPE_DATASET) paths.push_back(path);
  };
  ARRAYMORPH_TRY(walk(group, ".", {note, nullptr}));
  return paths;
}

/// Chunk objects to chunk objects: the stored bytes move, undecoded.
Status copy_chunks(Dataset& from, Dataset& to) {
  ARRAYMORPH_ASSIGN(const auto chunks, from.array->stored());
  for (const chunk::StoredChunk& chunk : chunks) {
    ARRAYMORPH_ASSIGN(auto raw, from.array->read_raw(chunk.index));
    ARRAYMORPH_TRY(to.array->write_raw(chunk.index, std::move(raw.bytes), raw.filter_mask));
  }
  return {};
}

/// Chunk objects into a native dataset, chunk by chunk through its own write.
Status copy_decoded(Object& from, Object& to) {
  const chunk::Grid grid = from.dataset->array->grid();
  ARRAYMORPH_ASSIGN(const auto chunks, from.dataset->array->stored());
  const Handle type = type_of(from);
  const Handle space = space_of(from);
  for (const chunk::StoredChunk& chunk : chunks) {
    std::vector<hsize_t> start, count;
    for (std::size_t axis = 0; axis < grid.dims.size(); ++axis) {
      start.push_back(chunk.index[axis] * grid.chunk[axis]);
      count.push_back(std::min<hsize_t>(grid.chunk[axis], grid.dims[axis] - start[axis]));
    }
    const Handle memory(
        api().H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr));
    const Handle file(api().H5Scopy(space.get()));
    api().H5Sselect_hyperslab(file.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(),
                              nullptr);
    Buffer elements(grid.elements_inside(chunk.index) * grid.element_size);
    void* object = &from;
    hid_t type_id = type.get(), memory_id = memory.get(), file_id = file.get();
    void* into = elements.data();
    const void* out = elements.data();
    void* target = to.under;
    if (dataset::read(1, &object, &type_id, &memory_id, &file_id, default_transfer(), &into,
                      nullptr) < 0 ||
        api().H5VLdataset_write(1, &target, native(), &type_id, &memory_id, &file_id,
                                default_transfer(), &out, nullptr) < 0) {
      return {Code::internal, "cannot copy a chunk: " + hdf5::innermost_error()};
    }
  }
  return {};
}

Status copy_dataset(Object& from, Object& to) {
  ARRAYMORPH_TRY(prepare(from));
  if (!from.dataset) {
    // Native has copied the data; a deleted dataset's entry must not claim the new address.
    if (!to.file) return {};
    ARRAYMORPH_ASSIGN(const Address address, address_of(to.under, H5I_DATASET));
    to.file->forget(address);
    return {};
  }
  if (!to.file) return copy_decoded(from, to);
  ARRAYMORPH_TRY(adopt_copy(to, *from.dataset));
  ARRAYMORPH_TRY(prepare(to));
  return copy_chunks(*from.dataset, *to.dataset);
}

/// Refused beforehand: a copy into a file that is open for reading (native breaks the open file),
/// and expanded references, which bring objects along that no path of the copy leads to.
Status check_copy(const Object& source, const Object& target, hid_t ocpypl_id) {
  if (target.file && !target.file->writable()) return read_only(*target.file);
  if (target.file && target.file->inherited()) return opened_by_parent(*target.file);
  unsigned options = 0;
  if (!source.file || source.file->catalog().datasets.empty() ||
      api().H5Pget_copy_object(ocpypl_id, &options) < 0 ||
      (options & H5O_COPY_EXPAND_REFERENCE_FLAG) == 0) {
    return {};
  }
  return {Code::unsupported,
          "copying with expanded references is not supported for " + source.file->url() +
              ", whose datasets lie in chunk objects; copy the referenced objects by name"};
}

Status copy_storage(const CopyEnd& src, const CopyEnd& dst) {
  const Object& source_parent = object_of(src.obj);
  const Object& target_parent = object_of(dst.obj);
  // Both ends are named relative to the location that the parameters describe (by self here: h5py
  // and the C interface pass a location id and a name).
  const Opened from(source_parent.under, by_name(source_parent.type, src.name));
  const Opened to(target_parent.under, by_name(target_parent.type, dst.name));
  if (from.is(H5I_DATASET) && to.is(H5I_DATASET)) return copy_dataset(*from.get(), *to.get());
  if (!from.is(H5I_GROUP) || !to.is(H5I_GROUP)) return {};
  ARRAYMORPH_ASSIGN(const auto paths, datasets_under(*to.get()));
  for (const std::string& path : paths) {
    const Opened source(from.get()->under, by_name(H5I_GROUP, path.c_str()));
    const Opened target(to.get()->under, by_name(H5I_GROUP, path.c_str()));
    if (!source.is(H5I_DATASET) || !target.is(H5I_DATASET)) continue;
    ARRAYMORPH_TRY(copy_dataset(*source.get(), *target.get()));
  }
  return {};
}

}  // namespace

herr_t copy_object(const CopyEnd& src, const CopyEnd& dst, hid_t ocpypl_id, hid_t lcpl_id,
                   hid_t dxpl_id, void** req) {
  if (const Status status = check_copy(object_of(src.obj), object_of(dst.obj), ocpypl_id);
      !status.ok()) {
    hdf5::push_error(status, ARRAYMORPH_HDF5_ID(H5E_DATASET_g),
                     ARRAYMORPH_HDF5_ID(H5E_UNSUPPORTED_g));
    return -1;
  }
  if (api().H5VLobject_copy(under(src.obj), src.loc, src.name, under(dst.obj), dst.loc, dst.name,
                            native(), ocpypl_id, lcpl_id, dxpl_id, req) < 0) {
    return -1;
  }
  const auto& from = object_of(src.obj).file;
  const auto& to = object_of(dst.obj).file;
  if (from && to && from->catalog().external_links) to->change_catalog().external_links = true;
  if (!from && !to) return 0;
  const Status status = copy_storage(src, dst);
  if (status.ok()) return 0;
  hdf5::push_error(status, ARRAYMORPH_HDF5_ID(H5E_DATASET_g), ARRAYMORPH_HDF5_ID(H5E_CANTCOPY_g));
  return -1;
}

}  // namespace arraymorph::vol
