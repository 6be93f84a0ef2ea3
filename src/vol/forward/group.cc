// Groups live in the HDF5 file: everything goes to the native connector.
#include "vol/callbacks.h"
#include "vol/close_object.h"
#include "vol/link_access.h"
#include "vol/object.h"

namespace arraymorph::vol::group {

using hdf5::api;

void* create(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t lcpl_id,
             hid_t gcpl_id, hid_t gapl_id, hid_t dxpl_id, void** req) {
  if (!may_change(obj)) return nullptr;
  const LinkAccess access(object_of(obj), gapl_id);
  return wrap(api().H5VLgroup_create(under(obj), loc, native(), name, lcpl_id, gcpl_id, gapl_id,
                                     dxpl_id, req),
              H5I_GROUP);
}

void* open(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t gapl_id, hid_t dxpl_id,
           void** req) {
  const LinkAccess access(object_of(obj), gapl_id);
  return wrap(api().H5VLgroup_open(under(obj), loc, native(), name, gapl_id, dxpl_id, req),
              H5I_GROUP);
}

herr_t get(void* obj, H5VL_group_get_args_t* args, hid_t dxpl_id, void** req) {
  const bool by_name = args->op_type == H5VL_GROUP_GET_INFO;
  const LinkAccess access(object_of(obj), by_name ? &args->args.get_info.loc_params : nullptr);
  return api().H5VLgroup_get(under(obj), native(), args, dxpl_id, req);
}

herr_t specific(void* obj, H5VL_group_specific_args_t* args, hid_t dxpl_id, void** req) {
  H5VL_group_specific_args_t below = *args;
  if (args->op_type == H5VL_GROUP_MOUNT) {
    below.args.mount.child_file = under(args->args.mount.child_file);
    if (object_of(args->args.mount.child_file).file) context().mounts = true;
  }
  return api().H5VLgroup_specific(under(obj), native(), &below, dxpl_id, req);
}

herr_t optional(void* obj, H5VL_optional_args_t* args, hid_t dxpl_id, void** req) {
  return api().H5VLgroup_optional(under(obj), native(), args, dxpl_id, req);
}

herr_t close(void* obj, hid_t dxpl_id, void** req) {
  return close_object(obj, api().H5VLgroup_close, dxpl_id, req);
}

}  // namespace arraymorph::vol::group
