// Links live in the HDF5 file. What we add: noting that a link was removed (its dataset may be
// gone) or may lead into another file.
#include "vol/callbacks.h"
#include "vol/file_state.h"
#include "vol/link_access.h"
#include "vol/object.h"

namespace arraymorph::vol::link {
namespace {

using hdf5::api;

void note_removal(void* obj) {
  if (obj != nullptr && object_of(obj).file)
    object_of(obj).file->change_catalog().sweep_needed = true;
}

void note_external(void* obj) {
  if (obj != nullptr && object_of(obj).file)
    object_of(obj).file->change_catalog().external_links = true;
}

/// A copied link may be an external one.
void inherit_external(void* src, void* dst) {
  if (src != nullptr && object_of(src).file && object_of(src).file->catalog().external_links) {
    note_external(dst);
  }
}

/// Of two ends, one of which may be left out, the one that lies in a file of ours.
const Object& ours_first(void* one, void* other) {
  if (one == nullptr || (other != nullptr && object_of(other).file)) return object_of(other);
  return object_of(one);
}

}  // namespace

herr_t create(H5VL_link_create_args_t* args, void* obj, const H5VL_loc_params_t* loc, hid_t lcpl_id,
              hid_t lapl_id, hid_t dxpl_id, void** req) {
  if (!may_change(obj)) return -1;
  H5VL_link_create_args_t below = *args;
  void* target = under(obj);
  if (args->op_type == H5VL_LINK_CREATE_HARD) {
    below.args.hard.curr_obj = under(args->args.hard.curr_obj);
  } else if (args->op_type == H5VL_LINK_CREATE_UD) {
    note_external(obj);
  }
  void* const other = args->op_type == H5VL_LINK_CREATE_HARD ? args->args.hard.curr_obj : nullptr;
  const LinkAccess access(ours_first(obj, other), lapl_id);
  return api().H5VLlink_create(&below, target, loc, native(), lcpl_id, lapl_id, dxpl_id, req);
}

herr_t copy(void* src, const H5VL_loc_params_t* loc1, void* dst, const H5VL_loc_params_t* loc2,
            hid_t lcpl_id, hid_t lapl_id, hid_t dxpl_id, void** req) {
  if (!may_change(dst)) return -1;
  inherit_external(src, dst);
  const LinkAccess access(ours_first(src, dst), lapl_id);
  return api().H5VLlink_copy(under(src), loc1, under(dst), loc2, native(), lcpl_id, lapl_id,
                             dxpl_id, req);
}

herr_t move(void* src, const H5VL_loc_params_t* loc1, void* dst, const H5VL_loc_params_t* loc2,
            hid_t lcpl_id, hid_t lapl_id, hid_t dxpl_id, void** req) {
  if (!may_change(src) || !may_change(dst)) return -1;
  inherit_external(src, dst);
  const LinkAccess access(ours_first(src, dst), lapl_id);
  return api().H5VLlink_move(under(src), loc1, under(dst), loc2, native(), lcpl_id, lapl_id,
                             dxpl_id, req);
}

herr_t get(void* obj, const H5VL_loc_params_t* loc, H5VL_link_get_args_t* args, hid_t dxpl_id,
           void** req) {
  const LinkAccess access(object_of(obj), loc);
  return api().H5VLlink_get(under(obj), loc, native(), args, dxpl_id, req);
}

herr_t specific(void* obj, const H5VL_loc_params_t* loc, H5VL_link_specific_args_t* args,
                hid_t dxpl_id, void** req) {
  if (args->op_type == H5VL_LINK_DELETE && !may_change(obj)) return -1;
  const LinkAccess access(object_of(obj), loc);
  if (args->op_type == H5VL_LINK_DELETE) note_removal(obj);
  return api().H5VLlink_specific(under(obj), loc, native(), args, dxpl_id, req);
}

herr_t optional(void* obj, const H5VL_loc_params_t* loc, H5VL_optional_args_t* args, hid_t dxpl_id,
                void** req) {
  const LinkAccess access(object_of(obj), loc);
  return api().H5VLlink_optional(under(obj), loc, native(), args, dxpl_id, req);
}

}  // namespace arraymorph::vol::link
