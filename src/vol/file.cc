// File callbacks: create, open, close, delete, and the file's own get and optional operations.
#include "arraymorph/api.h"
#include "hdf5/error.h"
#include "hdf5/handle.h"
#include "vol/callbacks.h"
#include "vol/engine.h"
#include "vol/object.h"
#include "vol/open_failure.h"
#include "vol/open_file.h"
#include "vol/plain_dataset.h"
#include "vol/sweep.h"
#include "vol/virtual_sources.h"

namespace arraymorph::vol::file {
namespace {

using hdf5::api;
using hdf5::Handle;

void push(const Status& status, hid_t minor) {
  hdf5::push_error(status, ARRAYMORPH_HDF5_ID(H5E_FILE_g), minor);
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

/// Marks the file usable, now that HDF5 has it open.
void* finish_open(void* native_file) {
  void* obj = wrap(native_file, H5I_FILE);
  if (obj == nullptr || !object_of(obj).file) return obj;
  object_of(obj).file->establish();
  if (object_of(obj).file->plain()) adapt_to_file(object_of(obj));
  return obj;
}

Status flush(Object& object, H5F_scope_t scope) {
  H5VL_file_specific_args_t args{};
  args.op_type = H5VL_FILE_FLUSH;
  args.args.flush.obj_type = object.type;
  args.args.flush.scope = scope;
  if (api().H5VLfile_specific(object.under, native(), &args, default_transfer(), nullptr) < 0) {
    return {Code::internal, "HDF5 cannot flush the file: " + hdf5::innermost_error()};
  }
  FileState* file = object.file.get();
  if (file == nullptr || !file->writable()) return {};
  ARRAYMORPH_TRY(flush_sources(*file));
  if (file->catalog().sweep_needed) {
    ARRAYMORPH_TRY(sweep(*file, object));
  }
  return file->commit();
}

/// H5Fflush.
Status flush_own(Object& object, H5F_scope_t scope) {
  if (object.file && object.file->writable() && object.file->inherited()) {
    return opened_by_parent(*object.file);
  }
  return flush(object, scope);
}

herr_t remove_file(const char* name, hid_t fapl_id) {
  auto opening = claim(name, fapl_id);
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
  push(status, ARRAYMORPH_HDF5_ID(H5E_CANTDELETEFILE_g));
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
  auto opening = claim(name, fapl_id);
  if (opening.ok() && *opening == nullptr) {
    H5VL_file_specific_args_t args{};
    const Handle list = native_list(fapl_id, nullptr);
    args.op_type = H5VL_FILE_IS_ACCESSIBLE;
    args.args.is_accessible.filename = name;
    args.args.is_accessible.fapl_id = list.get();
    args.args.is_accessible.accessible = accessible;
    return api().H5VLfile_specific(nullptr, native(), &args, default_transfer(), nullptr);
  }
  // HDF5 asks this of every plugin it finds about files that others failed to open: no claim, no
  // error, unless we can surely open it. HDF5 2.x crashes when a stacked connector like this one
  // claims a file without being the chosen one.
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

/// The open file holds what its access list asks of the chunk cache.
void* with_cache(void* file, hid_t fapl_id) {
  if (file == nullptr || !object_of(file).file) return file;
  Object& object = object_of(file);
  object.cache = claim_of_file(object.file->config(), fapl_id);
  return file;
}

}  // namespace

void* create(const char* name, unsigned flags, hid_t fcpl_id, hid_t fapl_id, hid_t dxpl_id,
             void** req) {
  auto opening = claim(name, fapl_id);
  if (opening.ok() && *opening != nullptr) {
    (*opening)->create = true;
    if (Status status = fetch(**opening, (flags & H5F_ACC_EXCL) != 0); !status.ok()) {
      opening = status;
    }
  }
  if (!opening.ok()) {
    push(opening.status(), ARRAYMORPH_HDF5_ID(H5E_CANTOPENFILE_g));
    return nullptr;
  }
  const Handle list = native_list(fapl_id, *opening);
  if (*opening != nullptr) name = (*opening)->name.c_str();
  return with_cache(
      finish_open(api().H5VLfile_create(name, flags, fcpl_id, list.get(), dxpl_id, req)), fapl_id);
}

void* open(const char* name, unsigned flags, hid_t fapl_id, hid_t dxpl_id, void** req) {
  auto opening = claim(name, fapl_id);
  if (opening.ok() && *opening != nullptr) {
    Status status = fetch(**opening, false);
    if (status.ok() && (flags & H5F_ACC_RDWR) != 0 && is_plain(**opening)) {
      status = plain_is_read_only((*opening)->location.url());
    }
    if (!status.ok()) opening = status;
  }
  if (!opening.ok()) {
    note_open_failure(opening.status());
    push(opening.status(), ARRAYMORPH_HDF5_ID(H5E_CANTOPENFILE_g));
    return nullptr;
  }
  const Handle list = native_list(fapl_id, *opening);
  if (*opening != nullptr) name = (*opening)->name.c_str();
  return with_cache(finish_open(api().H5VLfile_open(name, flags, list.get(), dxpl_id, req)),
                    fapl_id);
}

herr_t get(void* obj, H5VL_file_get_args_t* args, hid_t dxpl_id, void** req) {
  const Object& object = object_of(obj);
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
      const Status status = flush_own(object_of(obj), args->args.flush.scope);
      if (status.ok()) return 0;
      push(status, ARRAYMORPH_HDF5_ID(H5E_CANTFLUSH_g));
      return -1;
    }
    case H5VL_FILE_REOPEN: {
      void** result = args->args.reopen.file;
      if (api().H5VLfile_specific(under(obj), native(), args, dxpl_id, req) < 0) return -1;
      *result = wrap(*result, H5I_FILE);
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
  if (args->op_type == H5VL_NATIVE_FILE_GET_FILE_IMAGE && object.file &&
      !object.file->catalog().datasets.empty()) {
    push(Status(Code::unsupported,
                "a file image would miss the data that lies in chunk objects of " +
                    object.file->url() + "; copy the file to a local one instead"),
         ARRAYMORPH_HDF5_ID(H5E_UNSUPPORTED_g));
    return -1;
  }
  return api().H5VLfile_optional(object.under, native(), args, dxpl_id, req);
}

herr_t close(void* obj, hid_t dxpl_id, void** req) {
  Object& object = object_of(obj);
  // Commit while everything is still open: after a failure the id stays valid and a retry works.
  if (object.file && object.file->writable() && !object.file->inherited()) {
    if (const Status status = flush(object, H5F_SCOPE_GLOBAL); !status.ok()) {
      push(status, ARRAYMORPH_HDF5_ID(H5E_CANTCLOSEFILE_g));
      return -1;
    }
  }
  const std::shared_ptr<FileState> alive = object.file;
  const herr_t result = api().H5VLfile_close(object.under, native(), dxpl_id, req);
  if (result >= 0) discard(obj);
  return result;
}

}  // namespace arraymorph::vol::file
