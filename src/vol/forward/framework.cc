// What HDF5's VOL framework asks of a pass-through connector: wrapping, introspection, blobs,
// tokens.
#include "vol/callbacks.h"
#include "vol/object.h"

namespace arraymorph::vol {

using hdf5::api;

namespace wrapping {

void* get_object(const void* obj) {
  return api().H5VLget_object(static_cast<const Object*>(obj)->under, native());
}

// Everything wrapping needs is asked of the native object, but HDF5 wraps only where there is a
// context: the library's own, which is never freed.
herr_t get_wrap_ctx(const void*, void** wrap_ctx) {
  *wrap_ctx = &context();
  return 0;
}

void* wrap_object(void* obj, H5I_type_t type, void*) { return wrap(obj, type); }

void* unwrap_object(void* obj) {
  void* below = api().H5VLunwrap_object(under(obj), native());
  if (below != nullptr) discard(obj);
  return below;
}

herr_t free_wrap_ctx(void*) { return 0; }

}  // namespace wrapping

namespace introspect {

// The class below answers for the terminal level: applications built against HDF5's older
// interfaces accept only objects of the native connector there.
herr_t get_conn_cls(void* obj, H5VL_get_conn_lvl_t level, const H5VL_class_t** cls) {
  return api().H5VLintrospect_get_conn_cls(under(obj), native(), level, cls);
}

herr_t get_cap_flags(const void*, uint64_t* flags) {
  return api().H5VLintrospect_get_cap_flags(nullptr, native(), flags);
}

herr_t opt_query(void* obj, H5VL_subclass_t subclass, int opt_type, uint64_t* flags) {
  return api().H5VLintrospect_opt_query(under(obj), native(), subclass, opt_type, flags);
}

}  // namespace introspect

namespace blob {

herr_t put(void* obj, const void* buf, size_t size, void* blob_id, void* ctx) {
  return api().H5VLblob_put(under(obj), native(), buf, size, blob_id, ctx);
}

herr_t get(void* obj, const void* blob_id, void* buf, size_t size, void* ctx) {
  return api().H5VLblob_get(under(obj), native(), blob_id, buf, size, ctx);
}

herr_t specific(void* obj, void* blob_id, H5VL_blob_specific_args_t* args) {
  return api().H5VLblob_specific(under(obj), native(), blob_id, args);
}

herr_t optional(void* obj, void* blob_id, H5VL_optional_args_t* args) {
  return api().H5VLblob_optional(under(obj), native(), blob_id, args);
}

}  // namespace blob

namespace token {

herr_t cmp(void* obj, const H5O_token_t* token1, const H5O_token_t* token2, int* result) {
  return api().H5VLtoken_cmp(under(obj), native(), token1, token2, result);
}

herr_t to_str(void* obj, H5I_type_t type, const H5O_token_t* token, char** text) {
  return api().H5VLtoken_to_str(under(obj), type, native(), token, text);
}

herr_t from_str(void* obj, H5I_type_t type, const char* text, H5O_token_t* token) {
  return api().H5VLtoken_from_str(under(obj), type, native(), text, token);
}

}  // namespace token

herr_t optional(void* obj, H5VL_optional_args_t* args, hid_t dxpl_id, void** req) {
  return api().H5VLoptional(under(obj), native(), args, dxpl_id, req);
}

}  // namespace arraymorph::vol
