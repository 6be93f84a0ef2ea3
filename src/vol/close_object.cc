#include "vol/close_object.h"

#include "hdf5/error.h"
#include "vol/file_state.h"
#include "vol/sweep.h"
#include "vol/virtual_sources.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;

/// Objects that outlive the id of their file keep it open. Whichever of them is the last, nothing
/// shall be left to store when HDF5 lets go of it: after a failure here the id stays valid. Not
/// those of datasets: whatever the answer, HDF5 takes them for closed, and H5Idec_ref leaves their
/// ids behind after a failure, with nothing below. FileState::closed() stores their files.
bool may_be_the_last(const Object& object) {
  const FileState* file = object.file.get();
  if (object.type == H5I_DATASET) return false;
  if (file == nullptr || !file->writable() || file->inherited() || file->abandoned()) return false;
  return object.type == H5I_FILE || !file->has_ids();
}

}  // namespace

Status flush_file(Object& object, H5F_scope_t scope) {
  // What was written through virtual datasets may be in HDF5's buffers of this very file.
  const bool writable = object.file != nullptr && object.file->writable();
  const Status sources = writable ? flush_sources(*object.file) : Status();
  H5VL_file_specific_args_t args{};
  args.op_type = H5VL_FILE_FLUSH;
  args.args.flush.obj_type = object.type;
  args.args.flush.scope = scope;
  if (api().H5VLfile_specific(object.under, native(), &args, default_transfer(), nullptr) < 0) {
    return {Code::internal, "HDF5 cannot flush the file: " + hdf5::innermost_error()};
  }
  FileState* file = object.file.get();
  if (!writable) return {};
  if (file->catalog().sweep_needed) sweep(*file, object);
  ARRAYMORPH_TRY(file->commit());
  return sources;
}

herr_t close_object(void* obj, NativeClose close_native, hid_t dxpl_id, void** req) {
  Object& object = object_of(obj);
  if (may_be_the_last(object)) {
    const H5F_scope_t scope = object.type == H5I_FILE ? H5F_SCOPE_GLOBAL : H5F_SCOPE_LOCAL;
    if (const Status status = flush_file(object, scope); !status.ok()) {
      object.file->tell(status);
      hdf5::push_error(status, ARRAYMORPH_HDF5_ID(H5E_FILE_g),
                       ARRAYMORPH_HDF5_ID(H5E_CANTCLOSEFILE_g));
      return -1;
    }
  }
  // The files of virtual sources are closed with them, while this object is still whole.
  if (object.sources) {
    object.sources->hand_over();
    object.sources.reset();
    object.resolved = false;
  }
  const std::shared_ptr<FileState> alive = object.file;
  if (close_native(object.under, native(), dxpl_id, req) < 0) return -1;
  discard(obj);
  return 0;
}

}  // namespace arraymorph::vol
