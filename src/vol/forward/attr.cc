// Attributes live in the HDF5 file: everything goes to the native connector.
#include "vol/callbacks.h"
#include "vol/link_access.h"
#include "vol/object.h"

namespace arraymorph::vol::attr {

using hdf5::api;

void* create(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t type_id,
             hid_t space_id, hid_t acpl_id, hid_t aapl_id, hid_t dxpl_id, void** req) {
  if (!may_change(obj)) return nullptr;
  const LinkAccess access(object_of(obj), loc);
  return wrap(api().H5VLattr_create(under(obj), loc, native(), name, type_id, space_id, acpl_id,
                                    aapl_id, dxpl_id, req),
              H5I_ATTR);
}

void* open(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t aapl_id, hid_t dxpl_id,
           void** req) {
  const LinkAccess access(object_of(obj), loc);
  return wrap(api().H5VLattr_open(under(obj), loc, native(), name, aapl_id, dxpl_id, req),
              H5I_ATTR);
}

herr_t read(void* obj, hid_t mem_type_id, void* buf, hid_t dxpl_id, void** req) {
  return api().H5VLattr_read(under(obj), native(), mem_type_id, buf, dxpl_id, req);
}

herr_t write(void* obj, hid_t mem_type_id, const void* buf, hid_t dxpl_id, void** req) {
  if (!may_change(obj)) return -1;
  return api().H5VLattr_write(under(obj), native(), mem_type_id, buf, dxpl_id, req);
}

herr_t get(void* obj, H5VL_attr_get_args_t* args, hid_t dxpl_id, void** req) {
  const H5VL_loc_params_t* loc = nullptr;
  if (args->op_type == H5VL_ATTR_GET_INFO) loc = &args->args.get_info.loc_params;
  if (args->op_type == H5VL_ATTR_GET_NAME) loc = &args->args.get_name.loc_params;
  const LinkAccess access(object_of(obj), loc);
  return api().H5VLattr_get(under(obj), native(), args, dxpl_id, req);
}

herr_t specific(void* obj, const H5VL_loc_params_t* loc, H5VL_attr_specific_args_t* args,
                hid_t dxpl_id, void** req) {
  const bool asks = args->op_type == H5VL_ATTR_EXISTS || args->op_type == H5VL_ATTR_ITER;
  if (!asks && !may_change(obj)) return -1;
  const LinkAccess access(object_of(obj), loc);
  return api().H5VLattr_specific(under(obj), loc, native(), args, dxpl_id, req);
}

herr_t optional(void* obj, H5VL_optional_args_t* args, hid_t dxpl_id, void** req) {
  return api().H5VLattr_optional(under(obj), native(), args, dxpl_id, req);
}

herr_t close(void* obj, hid_t dxpl_id, void** req) {
  const herr_t result = api().H5VLattr_close(under(obj), native(), dxpl_id, req);
  if (result >= 0) discard(obj);
  return result;
}

}  // namespace arraymorph::vol::attr
