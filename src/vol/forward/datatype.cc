// Named datatypes live in the HDF5 file: everything goes to the native connector.
#include "vol/callbacks.h"
#include "vol/close_object.h"
#include "vol/link_access.h"
#include "vol/object.h"

namespace arraymorph::vol::datatype {

using hdf5::api;

void* commit(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t type_id,
             hid_t lcpl_id, hid_t tcpl_id, hid_t tapl_id, hid_t dxpl_id, void** req) {
  if (!may_change(obj)) return nullptr;
  const LinkAccess access(object_of(obj), tapl_id);
  return wrap(api().H5VLdatatype_commit(under(obj), loc, native(), name, type_id, lcpl_id, tcpl_id,
                                        tapl_id, dxpl_id, req),
              H5I_DATATYPE);
}

void* open(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t tapl_id, hid_t dxpl_id,
           void** req) {
  const LinkAccess access(object_of(obj), tapl_id);
  return wrap(api().H5VLdatatype_open(under(obj), loc, native(), name, tapl_id, dxpl_id, req),
              H5I_DATATYPE);
}

herr_t get(void* obj, H5VL_datatype_get_args_t* args, hid_t dxpl_id, void** req) {
  return api().H5VLdatatype_get(under(obj), native(), args, dxpl_id, req);
}

herr_t specific(void* obj, H5VL_datatype_specific_args_t* args, hid_t dxpl_id, void** req) {
  return api().H5VLdatatype_specific(under(obj), native(), args, dxpl_id, req);
}

herr_t optional(void* obj, H5VL_optional_args_t* args, hid_t dxpl_id, void** req) {
  return api().H5VLdatatype_optional(under(obj), native(), args, dxpl_id, req);
}

herr_t close(void* obj, hid_t dxpl_id, void** req) {
  return close_object(obj, api().H5VLdatatype_close, dxpl_id, req);
}

}  // namespace arraymorph::vol::datatype
