// Objects by name, token or index; copying is in copy_object.cc.
#include "vol/object.h"

#include "vol/callbacks.h"
#include "vol/copy_object.h"
#include "vol/dataset.h"
#include "vol/file_state.h"
#include "vol/link_access.h"

namespace arraymorph::vol::object {

using hdf5::api;

void* open(void* obj, const H5VL_loc_params_t* loc, H5I_type_t* opened_type, hid_t dxpl_id,
           void** req) {
  const LinkAccess access(object_of(obj), loc);
  void* found = api().H5VLobject_open(under(obj), loc, native(), opened_type, dxpl_id, req);
  void* opened = found == nullptr ? nullptr : wrap(found, *opened_type);
  if (opened != nullptr && *opened_type == H5I_DATASET) return dataset::opened(opened, dxpl_id);
  return opened;
}

herr_t copy(void* src, const H5VL_loc_params_t* loc1, const char* src_name, void* dst,
            const H5VL_loc_params_t* loc2, const char* dst_name, hid_t ocpypl_id, hid_t lcpl_id,
            hid_t dxpl_id, void** req) {
  const LinkAccess access(object_of(src), loc1);
  return copy_object({src, loc1, src_name}, {dst, loc2, dst_name}, ocpypl_id, lcpl_id, dxpl_id,
                     req);
}

herr_t get(void* obj, const H5VL_loc_params_t* loc, H5VL_object_get_args_t* args, hid_t dxpl_id,
           void** req) {
  const LinkAccess access(object_of(obj), loc);
  // The file of an object stays native here: HDF5 looks it up among its ids and wraps it itself.
  return api().H5VLobject_get(under(obj), loc, native(), args, dxpl_id, req);
}

herr_t specific(void* obj, const H5VL_loc_params_t* loc, H5VL_object_specific_args_t* args,
                hid_t dxpl_id, void** req) {
  Object& object = object_of(obj);
  const LinkAccess access(object, loc);
  if (args->op_type == H5VL_OBJECT_CHANGE_REF_COUNT && object.file) {
    if (!may_change(obj)) return -1;
    object.file->change_catalog().sweep_needed = true;
  }
  return api().H5VLobject_specific(object.under, loc, native(), args, dxpl_id, req);
}

herr_t optional(void* obj, const H5VL_loc_params_t* loc, H5VL_optional_args_t* args, hid_t dxpl_id,
                void** req) {
  if (args->op_type == H5VL_NATIVE_OBJECT_SET_COMMENT && !may_change(obj)) return -1;
  const LinkAccess access(object_of(obj), loc);
  return api().H5VLobject_optional(under(obj), loc, native(), args, dxpl_id, req);
}

}  // namespace arraymorph::vol::object
