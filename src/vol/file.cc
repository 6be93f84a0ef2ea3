// File callbacks: create, open, close, delete, and the file's own get and optional operations.
#include "arraymorph/api.h"
#include "hdf5/caller.h"
#include "hdf5/error.h"
#include "hdf5/handle.h"
#include "vol/callbacks.h"
#include "vol/claim.h"
#include "vol/close_object.h"
#include "vol/engine.h"
#include "vol/object.h"
#include "vol/open_failure.h"
#include "vol/open_file.h"
#include "vol/plain_dataset.h"
#include "vol/scratch_codec.h"
#include "vol/sweep.h"
#include "vol/tell.h"

namespace arraymorph::vol::file {
namespace {

using hdf5::api;
using hdf5::Handle;

void push(const Status& status, hid_t minor) {
  hdf5::push_error(status, ARRAYMORPH_HDF5_ID(H5E_FILE_g), minor);
}

/// A failure to open or remove. That something does not exist, or exists already, is no news: it is
/// how programs find out. Only a pointer without its file is, for the program sees the pointer.
void push_and_tell(const char* name, const Status& status, hid_t minor, bool by_pointer = false) {
  const bool is_missing = status.code() == Code::not_found && !by_pointer;
  if (!is_missing && status.code() != Code::already_exists) tell(name, status);
  push(status, minor);
}

/// A failure to store what was changed.
herr_t not_stored(FileState& file, const Status& status, hid_t minor) {
  file.tell(status);
  push(status, minor);
  return -1;
}

/// The user's list for the native connector; with our driver when `opening` is given.
Handle native_list(hid_t fapl_id, const std::shared_ptr<FileOpening>& opening) {
  Handle list(api().H5Pcopy(fapl_id));
  if (api().H5Pset_vol(list.get(), native(), nullptr) < 0) return {};
  if (opening) {
    const vfd::DriverInfo info{opening};
    if (api().H5Pset_driver(list.get(), context().driver, &info) < 0) return {};
  }
  return list;
}

/// Marks the file usable, now that HDF5 has it open under the name `told`; the program said
/// `given`.
void* finish_open(void* native_file, const char* told, const char* given) {
  void* obj = wrap(native_file, H5I_FILE);
  if (obj == nullptr || !object_of(obj).file) return obj;
  FileState& file = *object_of(obj).file;
  tell_anew(given);
  tell_anew(file.url());
  count_id(obj);
  file.named(told, given);
  file.establish();
  if (file.plain()) adapt_to_file(object_of(obj));
  return obj;
}

/// H5Fflush.
Status flush_own(Object& object, H5F_scope_t scope) {
  if (object.file && object.file->writable() && object.file->inherited()) {
    return opened_by_parent(*object.file);
  }
  return flush_file(object, scope);
}

herr_t remove_file(const char* name, hid_t fapl_id) {
  auto opening = claim(name, fapl_id, Wish::remove);
  if (opening.ok() && *opening == nullptr) {
    H5VL_file_specific_args_t args{};
    const Handle list = native_list(fapl_id, nullptr);
    args.op_type = H5VL_FILE_DELETE;
    args.args.del.filename = name;
    args.args.del.fapl_id = list.get();
    return api().H5VLfile_specific(nullptr, native(), &args, default_transfer(), nullptr);
  }
  Status status = opening.ok() ? remove_stored(**opening) : opening.status();
  if (status.ok()) return 0;
  push_and_tell(name, status, ARRAYMORPH_HDF5_ID(H5E_CANTDELETEFILE_g));
  return -1;
}

/// The program (or HDF5_VOL_CONNECTOR) has chosen this connector for names in general.
bool is_default_connector() {
  const Handle fresh(api().H5Pcreate(ARRAYMORPH_HDF5_ID(H5P_CLS_FILE_ACCESS_ID_g)));
  hid_t id = H5I_INVALID_HID;
  if (api().H5Pget_vol_id(fresh.get(), &id) < 0) return false;
  const Handle connector(id);
  H5VL_class_value_t value = -1;
  return api().H5VLget_value(connector.get(), &value) >= 0 && value == ARRAYMORPH_CONNECTOR_VALUE;
}

herr_t is_accessible(const char* name, hid_t fapl_id, hbool_t* accessible) {
  // Errors are there before: the native connector could not open the file, and HDF5 asks every
  // plugin it finds. Who has not chosen us gets what HDF5 has said, and no request is made.
  if (const hdf5::PreservePending failed; failed.any()) {
    own_connector();  // stays registered, or HDF5 would start us anew for each such file
    *accessible = false;
    return 0;
  }
  if (hdf5::called_by("libnetcdf")) {
    // It asks at every open and create, of files in memory too, whether the name is a container of
    // the DAOS file system.
    *accessible = false;
    return 0;
  }
  auto opening = claim(name, fapl_id, Wish::look);
  if (opening.ok() && *opening == nullptr) {
    H5VL_file_specific_args_t args{};
    const Handle list = native_list(fapl_id, nullptr);
    args.op_type = H5VL_FILE_IS_ACCESSIBLE;
    args.args.is_accessible.filename = name;
    args.args.is_accessible.fapl_id = list.get();
    args.args.is_accessible.accessible = accessible;
    return api().H5VLfile_specific(nullptr, native(), &args, default_transfer(), nullptr);
  }
  // Another plugin may have cleared those errors. HDF5 2.x crashes when a stacked connector like
  // this one claims a file without being the chosen one.
  if (api().version.at_least(2, 0) && !is_default_connector()) {
    *accessible = false;
    return 0;
  }
  *accessible = false;
  if (!opening.ok()) return 0;
  const Result<bool> stored = is_stored(**opening);
  if (stored.ok()) *accessible = *stored;
  if (stored.ok() || !is_default_connector()) return 0;
  // H5Fdelete asks first: what the store said must not become "not an HDF5 file".
  push(stored.status(), ARRAYMORPH_HDF5_ID(H5E_CANTOPENFILE_g));
  return -1;
}

/// H5Fget_name of the file, or of an object in it: the name that the program gave.
herr_t get_name(const Object& object, const H5VL_file_get_name_args_t& asked) {
  const auto told = native_file_name(object.under, asked.type);
  if (!told) return -1;
  const auto file = object.type == H5I_ATTR ? file_of(object.under, H5I_ATTR) : object.file;
  const std::string& name = file ? file->name_of(*told) : *told;
  *asked.file_name_len = name.size();
  if (asked.buf != nullptr && asked.buf_size > 0) {
    asked.buf[name.copy(asked.buf, asked.buf_size - 1)] = '\0';
  }
  return 0;
}

/// The open file holds what its access list asks of the chunk cache.
void* with_cache(void* file, hid_t fapl_id) {
  if (file == nullptr || !object_of(file).file) return file;
  Object& object = object_of(file);
  object.cache = claim_of_file(fapl_id);
  return file;
}

}  // namespace

void* create(const char* name, unsigned flags, hid_t fcpl_id, hid_t fapl_id, hid_t dxpl_id,
             void** req) {
  close_scratch_files();
  // Exclusively: h5py's mode "a" comes here after it could not open a file to change it.
  const bool exclusive = (flags & H5F_ACC_EXCL) != 0;
  auto opening = claim(name, fapl_id, exclusive ? Wish::change : Wish::create);
  if (opening.ok() && *opening != nullptr) {
    (*opening)->create = true;
    if (Status status = fetch(**opening, exclusive); !status.ok()) {
      opening = status;
    }
  }
  if (!opening.ok()) {
    push_and_tell(name, opening.status(), ARRAYMORPH_HDF5_ID(H5E_CANTOPENFILE_g));
    return nullptr;
  }
  const Handle list = native_list(fapl_id, *opening);
  const char* told = *opening != nullptr ? (*opening)->name.c_str() : name;
  void* file = api().H5VLfile_create(told, flags, fcpl_id, list.get(), dxpl_id, req);
  return with_cache(finish_open(file, told, name), fapl_id);
}

void* open(const char* name, unsigned flags, hid_t fapl_id, hid_t dxpl_id, void** req) {
  close_scratch_files();
  const bool writes = (flags & H5F_ACC_RDWR) != 0;
  auto opening = claim(name, fapl_id, writes ? Wish::change : Wish::look);
  bool by_pointer = false;
  if (opening.ok() && *opening != nullptr) {
    by_pointer = !(*opening)->pointer.empty();
    Status status = fetch(**opening, false);
    if (status.ok() && writes && is_plain(**opening)) {
      status = plain_is_read_only((*opening)->location.url());
    }
    if (!status.ok()) opening = status;
  }
  if (!opening.ok()) {
    note_open_failure(opening.status());
    push_and_tell(name, opening.status(), ARRAYMORPH_HDF5_ID(H5E_CANTOPENFILE_g), by_pointer);
    return nullptr;
  }
  const Handle list = native_list(fapl_id, *opening);
  if (*opening == nullptr) {
    return finish_open(open_native(name, flags, list.get(), dxpl_id, req), name, name);
  }
  const char* told = (*opening)->name.c_str();
  void* file = api().H5VLfile_open(told, flags, list.get(), dxpl_id, req);
  return with_cache(finish_open(file, told, name), fapl_id);
}

herr_t get(void* obj, H5VL_file_get_args_t* args, hid_t dxpl_id, void** req) {
  const Object& object = object_of(obj);
  if (args->op_type == H5VL_FILE_GET_NAME) return get_name(object, args->args.get_name);
  if (api().H5VLfile_get(object.under, native(), args, dxpl_id, req) < 0) return -1;
  if (args->op_type == H5VL_FILE_GET_FAPL) {
    // The user gets back what a reopen needs: this connector, and the driver they asked for.
    const hid_t fapl = args->args.get_fapl.fapl_id;
    if (object.file) {
      const Handle fresh(api().H5Pcreate(ARRAYMORPH_HDF5_ID(H5P_CLS_FILE_ACCESS_ID_g)));
      if (api().H5Pset_driver(fapl, api().H5Pget_driver(fresh.get()), nullptr) < 0) return -1;
    }
    if (api().H5Pset_vol(fapl, own_connector(), nullptr) < 0) return -1;
  }
  return 0;
}

herr_t specific(void* obj, H5VL_file_specific_args_t* args, hid_t dxpl_id, void** req) {
  switch (args->op_type) {
    case H5VL_FILE_FLUSH: {
      Object& object = object_of(obj);
      const Status status = flush_own(object, args->args.flush.scope);
      if (status.ok()) return 0;
      if (object.file) return not_stored(*object.file, status, ARRAYMORPH_HDF5_ID(H5E_CANTFLUSH_g));
      push(status, ARRAYMORPH_HDF5_ID(H5E_CANTFLUSH_g));
      return -1;
    }
    case H5VL_FILE_REOPEN: {
      void** result = args->args.reopen.file;
      if (api().H5VLfile_specific(under(obj), native(), args, dxpl_id, req) < 0) return -1;
      *result = wrap(*result, H5I_FILE);
      count_id(*result);
      return 0;
    }
    case H5VL_FILE_IS_ACCESSIBLE:
      return is_accessible(args->args.is_accessible.filename, args->args.is_accessible.fapl_id,
                           args->args.is_accessible.accessible);
    case H5VL_FILE_DELETE:
      return remove_file(args->args.del.filename, args->args.del.fapl_id);
    case H5VL_FILE_IS_EQUAL: {
      H5VL_file_specific_args_t below = *args;
      below.args.is_equal.obj2 = under(args->args.is_equal.obj2);
      return api().H5VLfile_specific(under(obj), native(), &below, dxpl_id, req);
    }
  }
  return api().H5VLfile_specific(under(obj), native(), args, dxpl_id, req);
}

herr_t optional(void* obj, H5VL_optional_args_t* args, hid_t dxpl_id, void** req) {
  const Object& object = object_of(obj);
  if (args->op_type == H5VL_NATIVE_FILE_GET_VFD_HANDLE && object.file) {
    push(Status(Code::unsupported,
                object.file->url() +
                    " has no file descriptor, because it is no local file; flush() and close() "
                    "store it for good, so leave out fileno() and fsync (pandas: store.flush() "
                    "without fsync=True)"),
         ARRAYMORPH_HDF5_ID(H5E_UNSUPPORTED_g));
    return -1;
  }
  if (args->op_type == H5VL_NATIVE_FILE_GET_FILE_IMAGE && object.file &&
      !object.file->catalog().datasets.empty()) {
    push(Status(Code::unsupported,
                "a file image would miss the data that lies in chunk objects of " +
                    object.file->url() + "; copy the file to a local one instead"),
         ARRAYMORPH_HDF5_ID(H5E_UNSUPPORTED_g));
    return -1;
  }
  if (api().H5VLfile_optional(object.under, native(), args, dxpl_id, req) < 0) return -1;
  if (args->op_type != H5VL_NATIVE_FILE_START_SWMR_WRITE || !object.file) return 0;
  // Readers may come from now on.
  const Status status = flush_own(object_of(obj), H5F_SCOPE_LOCAL);
  return status.ok() ? 0 : not_stored(*object.file, status, ARRAYMORPH_HDF5_ID(H5E_CANTFLUSH_g));
}

herr_t close(void* obj, hid_t dxpl_id, void** req) {
  return close_object(obj, api().H5VLfile_close, dxpl_id, req);
}

}  // namespace arraymorph::vol::file
