// Dataset callbacks: creation and opening, reads and writes sorted by who holds the data.
#include "hdf5/creation.h"
#include "hdf5/dataspace.h"
#include "hdf5/error.h"
#include "hdf5/filters.h"
#include "hdf5/handle.h"
#include "vol/callbacks.h"
#include "vol/close_object.h"
#include "vol/dataset.h"
#include "vol/direct_chunk.h"
#include "vol/engine.h"
#include "vol/file_state.h"
#include "vol/link_access.h"
#include "vol/plain_dataset.h"
#include "vol/reach.h"
#include "vol/tell.h"
#include "vol/transfer.h"
#include "vol/virtual_sources.h"

namespace arraymorph::vol::dataset {
namespace {

using hdf5::api;
using hdf5::Handle;

herr_t fail(const Status& status, hid_t minor) {
  hdf5::push_error(status, ARRAYMORPH_HDF5_ID(H5E_DATASET_g), minor);
  return -1;
}

/// Allocation "early" would make native reserve the whole array inside the metadata object. The
/// list to create below with, and what the user asked for (0: unchanged).
Handle without_early_allocation(hid_t dcpl_id, int& user_time) {
  H5D_alloc_time_t time = H5D_ALLOC_TIME_DEFAULT;
  const H5D_layout_t layout = api().H5Pget_layout(dcpl_id);
  user_time = 0;
  if ((layout != H5D_CHUNKED && layout != H5D_CONTIGUOUS) ||
      api().H5Pget_alloc_time(dcpl_id, &time) < 0 || time != H5D_ALLOC_TIME_EARLY) {
    return {};
  }
  user_time = H5D_ALLOC_TIME_EARLY;
  Handle list(api().H5Pcopy(dcpl_id));
  api().H5Pset_alloc_time(list.get(),
                          layout == H5D_CHUNKED ? H5D_ALLOC_TIME_INCR : H5D_ALLOC_TIME_LATE);
  return list;
}

/// As the program gave it: native would resolve "${ORIGIN}" on the local disk.
std::string virtual_prefix_of(hid_t dapl_id) {
  const ssize_t length = api().H5Pget_virtual_prefix(dapl_id, nullptr, 0);
  if (length <= 0) return {};
  std::string prefix(static_cast<std::size_t>(length) + 1, '\0');
  api().H5Pget_virtual_prefix(dapl_id, prefix.data(), prefix.size());
  prefix.pop_back();
  return prefix;
}

/// A call on several datasets, with those that native handles and those that we do apart.
template <class Pointer, class Native, class Ours, class Virtual>
Status dispatch(std::size_t count, void* dset[], hid_t mem_type[], hid_t mem_space[],
                hid_t file_space[], hid_t dxpl_id, Pointer buf[], Native native_call, Ours our_call,
                Virtual virtual_call) {
  std::vector<void*> objects;
  std::vector<hid_t> types, memory_spaces, file_spaces;
  std::vector<Pointer> buffers;
  std::vector<Transfer<Pointer>> ours, virtuals;
  for (std::size_t i = 0; i < count; ++i) {
    Object& object = object_of(dset[i]);
    ARRAYMORPH_TRY(prepare(object));
    ARRAYMORPH_TRY(place_dataset(object));
    const Transfer<Pointer> transfer{&object, mem_type[i], mem_space[i], file_space[i], buf[i]};
    if (reads_of(object)) {
      ours.push_back(transfer);
    } else if (object.sources) {
      virtuals.push_back(transfer);
    } else {
      if (object.raw_files) ARRAYMORPH_TRY(may_touch_raw_files(object));
      objects.push_back(object.under);
      types.push_back(mem_type[i]);
      memory_spaces.push_back(mem_space[i]);
      file_spaces.push_back(file_space[i]);
      buffers.push_back(buf[i]);
    }
  }
  if (!ours.empty()) ARRAYMORPH_TRY(check_transfer_list(dxpl_id));
  if (!ours.empty()) ARRAYMORPH_TRY(our_call(std::span<const Transfer<Pointer>>(ours)));
  for (const auto& transfer : virtuals) ARRAYMORPH_TRY(virtual_call(transfer));
  if (objects.empty()) return {};
  return native_call(objects.size(), objects.data(), types.data(), memory_spaces.data(),
                     file_spaces.data(), buffers.data());
}

/// HDF5 has filled the stack already; this only stops the walk.
Status native_status(herr_t result) { return result >= 0 ? Status() : Status(Code::internal, ""); }

/// Where a native transfer failed because a filter is missing, libhdf5 says that it cannot open its
/// plugin folder, or names the filter as the file does.
Status explained(Status status, std::size_t count, void* dset[]) {
  if (status.ok() || !status.message().empty()) return status;
  for (std::size_t i = 0; i < count; ++i) {
    const Object& object = object_of(dset[i]);
    if (!object.file) continue;
    std::string missing;
    {
      const hdf5::PreserveErrors preserve;
      if (const Handle dcpl = creation_list_of(object); dcpl.valid()) {
        missing = hdf5::missing_filters(hdf5::filters_of(dcpl.get()));
      }
    }
    if (missing.empty()) continue;
    hdf5::clear_errors();
    return {Code::unsupported,
            "dataset " + object.file->url() + path_of(object.under, H5I_DATASET) + ": " + missing};
  }
  return status;
}

herr_t report(const Status& status, void (*push)(const Status&) noexcept) {
  if (status.ok()) return 0;
  if (!status.message().empty()) push(status);
  return -1;
}

/// The same for a read or write, whose cause the caller may keep to itself.
herr_t report_transfer(const Object& object, const Status& status,
                       void (*push)(const Status&) noexcept) {
  if (!status.ok() && !status.message().empty() && object.file) tell(object.file->url(), status);
  return report(status, push);
}

/// H5Dflush makes the dataset durable, and new extents visible to other processes.
Status flush(Object& object, H5VL_dataset_specific_args_t* args, hid_t dxpl_id) {
  if (object.dataset) ARRAYMORPH_TRY(object.dataset->array->flush());
  if (object.sources) ARRAYMORPH_TRY(object.sources->flush());
  if (api().H5VLdataset_specific(object.under, native(), args, dxpl_id, nullptr) < 0) {
    return native_status(-1);
  }
  if (!object.file || !object.file->writable()) return {};
  if (object.file->inherited()) return opened_by_parent(*object.file);
  return flush_file(object, H5F_SCOPE_LOCAL);
}

Status refresh(Object& object, H5VL_dataset_specific_args_t* args, hid_t dxpl_id) {
  const std::shared_ptr<FileState> file = object.file;
  const std::shared_ptr<Dataset> dataset = object.dataset;
  if (object.sources) {
    ARRAYMORPH_TRY(object.sources->flush());
    object.sources->forget();
  }
  if (file && file->follows_writer()) ARRAYMORPH_TRY(file->reload());
  if (dataset) {
    dataset->listed.reset();
    ARRAYMORPH_TRY(dataset->array->refresh());
  }
  if (object.in_place) ARRAYMORPH_TRY(object.in_place->array->refresh());
  // Native closes the dataset and opens it again under the same id: from here on `object` is gone.
  const hid_t id = args->args.refresh.dset_id;
  if (api().H5VLdataset_specific(object.under, native(), args, dxpl_id, nullptr) < 0) {
    return native_status(-1);
  }
  if (!dataset || !file->follows_writer()) return {};
  // The writer may have grown the dataset (under SWMR it never shrinks).
  const auto entry = file->catalog().datasets.find(dataset->address);
  const auto lies_there = [&] {
    return dataset->array->prefix() == file->key_prefix() + entry->second.prefix;
  };
  if (entry == file->catalog().datasets.end() || !lies_there()) {
    return {Code::conflict, "dataset " + dataset->array->name() +
                                " is not in the file any more: open the file again"};
  }
  Object reopened;
  reopened.under = api().H5VLobject(id);
  dataset->array->follow(hdf5::extent_of(space_of(reopened).get()), entry->second.records);
  return {};
}

}  // namespace

void* create(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t lcpl_id,
             hid_t type_id, hid_t space_id, hid_t dcpl_id, hid_t dapl_id, hid_t dxpl_id,
             void** req) {
  if (!may_change(obj)) return nullptr;
  Object& parent = object_of(obj);
  const LinkAccess access(parent, dapl_id);
  int user_time = 0;
  Handle list;
  if (parent.file && wants_chunk_objects(parent.file->config(), type_id, space_id, dcpl_id)) {
    list = without_early_allocation(dcpl_id, user_time);
  }
  void* created =
      wrap(api().H5VLdataset_create(parent.under, loc, native(), name, lcpl_id, type_id, space_id,
                                    list.valid() ? list.get() : dcpl_id, dapl_id, dxpl_id, req),
           H5I_DATASET);
  if (created == nullptr || !object_of(created).file) return created;
  object_of(created).virtual_prefix = virtual_prefix_of(dapl_id);
  if (const Status status = adopt_created(object_of(created), user_time); !status.ok()) {
    close(created, dxpl_id, req);
    fail(status, ARRAYMORPH_HDF5_ID(H5E_CANTINIT_g));
    return nullptr;
  }
  object_of(created).cache = claim_of_dataset(dapl_id);
  return created;
}

void* open(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t dapl_id, hid_t dxpl_id,
           void** req) {
  const LinkAccess access(object_of(obj), dapl_id);
  void* opened = wrap(
      api().H5VLdataset_open(under(obj), loc, native(), name, dapl_id, dxpl_id, req), H5I_DATASET);
  if (opened != nullptr) object_of(opened).virtual_prefix = virtual_prefix_of(dapl_id);
  opened = dataset::opened(opened, dxpl_id);
  if (opened == nullptr || !object_of(opened).file) return opened;
  object_of(opened).cache = claim_of_dataset(dapl_id);
  return opened;
}

void* opened(void* obj, hid_t dxpl_id) {
  if (obj == nullptr || !object_of(obj).file || !object_of(obj).file->writable()) return obj;
  const Status status = resolve_dataset(object_of(obj));
  if (status.ok()) return obj;
  close(obj, dxpl_id, nullptr);
  fail(status, ARRAYMORPH_HDF5_ID(H5E_CANTGET_g));
  return nullptr;
}

herr_t read(size_t count, void* dset[], hid_t mem_type_id[], hid_t mem_space_id[],
            hid_t file_space_id[], hid_t dxpl_id, void* buf[], void** req) {
  const Status status = dispatch(
      count, dset, mem_type_id, mem_space_id, file_space_id, dxpl_id, buf,
      [&](std::size_t n, void** objects, hid_t* types, hid_t* memory, hid_t* file, void** buffers) {
        return native_status(api().H5VLdataset_read(n, objects, native(), types, memory, file,
                                                    dxpl_id, buffers, req));
      },
      [&](std::span<const ReadTransfer> transfers) { return read_datasets(transfers, dxpl_id); },
      [&](const ReadTransfer& transfer) { return read_virtual(transfer, dxpl_id); });
  return report_transfer(object_of(dset[0]), explained(status, count, dset), hdf5::push_read_error);
}

herr_t write(size_t count, void* dset[], hid_t mem_type_id[], hid_t mem_space_id[],
             hid_t file_space_id[], hid_t dxpl_id, const void* buf[], void** req) {
  for (std::size_t i = 0; i < count; ++i) {
    const Object& object = object_of(dset[i]);
    if (object.file && !object.file->writable()) {
      hdf5::push_write_error(read_only(*object.file));
      return -1;
    }
    if (!may_change(dset[i])) return -1;
  }
  const Status status = dispatch(
      count, dset, mem_type_id, mem_space_id, file_space_id, dxpl_id, buf,
      [&](std::size_t n, void** objects, hid_t* types, hid_t* memory, hid_t* file,
          const void** buffers) {
        return native_status(api().H5VLdataset_write(n, objects, native(), types, memory, file,
                                                     dxpl_id, buffers, req));
      },
      [&](std::span<const WriteTransfer> transfers) { return write_datasets(transfers, dxpl_id); },
      [&](const WriteTransfer& transfer) { return write_virtual(transfer, dxpl_id); });
  return report_transfer(object_of(dset[0]), explained(status, count, dset),
                         hdf5::push_write_error);
}

herr_t get(void* obj, H5VL_dataset_get_args_t* args, hid_t dxpl_id, void** req) {
  Object& object = object_of(obj);
  if (const Status status = resolve_dataset(object); !status.ok()) {
    return fail(status, ARRAYMORPH_HDF5_ID(H5E_CANTGET_g));
  }
  if (object.dataset && (args->op_type == H5VL_DATASET_GET_STORAGE_SIZE ||
                         args->op_type == H5VL_DATASET_GET_SPACE_STATUS)) {
    const Status status = prepare(object);
    return report(status.ok() ? storage_of(object, *args) : status, hdf5::push_read_error);
  }
  if (object.sources && args->op_type == H5VL_DATASET_GET_SPACE) {
    auto space = object.sources->space();
    if (!space.ok()) return fail(space.status(), ARRAYMORPH_HDF5_ID(H5E_CANTGET_g));
    args->args.get_space.space_id = space->release();
    return 0;
  }
  if (api().H5VLdataset_get(object.under, native(), args, dxpl_id, req) < 0) return -1;
  if (args->op_type == H5VL_DATASET_GET_DCPL && object.dataset &&
      object.dataset->user_alloc_time != 0) {
    api().H5Pset_alloc_time(args->args.get_dcpl.dcpl_id,
                            static_cast<H5D_alloc_time_t>(object.dataset->user_alloc_time));
  }
  return 0;
}

herr_t specific(void* obj, H5VL_dataset_specific_args_t* args, hid_t dxpl_id, void** req) {
  Object& object = object_of(obj);
  if (const Status status = prepare(object); !status.ok()) {
    return fail(status, ARRAYMORPH_HDF5_ID(H5E_CANTSET_g));
  }
  switch (args->op_type) {
    case H5VL_DATASET_FLUSH: {
      const Status status = flush(object, args, dxpl_id);
      if (!status.ok() && object.file) object.file->tell(status);
      return report(status, hdf5::push_write_error);
    }
    case H5VL_DATASET_REFRESH:
      return report(refresh(object, args, dxpl_id), hdf5::push_read_error);
    case H5VL_DATASET_SET_EXTENT:
      if (!may_change(obj)) return -1;
      break;
  }
  if (api().H5VLdataset_specific(object.under, native(), args, dxpl_id, req) < 0) return -1;
  if (!object.dataset) return 0;
  const hsize_t* size = args->args.set_extent.size;
  const std::size_t rank = object.dataset->array->grid().dims.size();
  object.dataset->listed.reset();
  chunk::Array& array = *object.dataset->array;
  const Status resized = array.resize({size, size + rank});
  if (!resized.ok()) {
    // Native has the new extent already, and its own storage is empty.
    const hdf5::SilenceErrors silence;
    H5VL_dataset_specific_args_t back = *args;
    back.args.set_extent.size = array.grid().dims.data();
    api().H5VLdataset_specific(object.under, native(), &back, dxpl_id, req);
  }
  return report(resized, hdf5::push_write_error);
}

herr_t optional(void* obj, H5VL_optional_args_t* args, hid_t dxpl_id, void** req) {
  Object& object = object_of(obj);
  Status status = prepare(object);
  if (status.ok() && object.dataset && !object.dataset->contiguous) {
    bool handled = false;
    status = direct_chunk(object, *args, handled);
    if (handled || !status.ok()) return report(status, hdf5::push_read_error);
  }
  // The one operation that reads data below.
  if (status.ok() && object.raw_files && args->op_type == H5VL_NATIVE_DATASET_GET_VLEN_BUF_SIZE) {
    status = may_touch_raw_files(object);
  }
  if (!status.ok()) return fail(status, ARRAYMORPH_HDF5_ID(H5E_CANTGET_g));
  return api().H5VLdataset_optional(object.under, native(), args, dxpl_id, req);
}

herr_t close(void* obj, hid_t dxpl_id, void** req) {
  return close_object(obj, api().H5VLdataset_close, dxpl_id, req);
}

}  // namespace arraymorph::vol::dataset
