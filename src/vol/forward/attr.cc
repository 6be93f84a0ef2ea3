// Attributes live in the HDF5 file: everything goes to the native connector.
#include "vol/callbacks.h"
#include "vol/close_object.h"
#include "vol/link_access.h"
#include "vol/object.h"

namespace arraymorph::vol::attr {
namespace {

using hdf5::api;

/// An attribute of an object that is open lies in the same file; a path may lead anywhere.
void* wrap_attribute(void* native_attribute, const Object& parent, const H5VL_loc_params_t* loc) {
  void* attribute = wrap(native_attribute, H5I_ATTR);
  if (attribute == nullptr) return nullptr;
  object_of(attribute).file =
      loc->type == H5VL_OBJECT_BY_SELF ? parent.file : file_of(native_attribute, H5I_ATTR);
  return attribute;
}

}  // namespace

void* create(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t type_id,
             hid_t space_id, hid_t acpl_id, hid_t aapl_id, hid_t dxpl_id, void** req) {
  if (!may_change(obj)) return nullptr;
  const LinkAccess access(object_of(obj), loc);
  return wrap_attribute(api().H5VLattr_create(under(obj), loc, native(), name, type_id, space_id,
                                              acpl_id, aapl_id, dxpl_id, req),
                        object_of(obj), loc);
}

void* open(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t aapl_id, hid_t dxpl_id,
           void** req) {
  const LinkAccess access(object_of(obj), loc);
  return wrap_attribute(api().H5VLattr_open(under(obj), loc, native(), name, aapl_id, dxpl_id, req),
                        object_of(obj), loc);
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
  return close_object(obj, api().H5VLattr_close, dxpl_id, req);
}

}  // namespace arraymorph::vol::attr
