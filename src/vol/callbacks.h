// Every function HDF5 calls in the connector, by VOL class. Signatures are those of H5VL_class_t
// (HDF5 reference, "VOL connector author guide"). They run inside hdf5::Entry.
#pragma once

#include "hdf5/api.h"

namespace arraymorph::vol {

herr_t initialize(hid_t vipl_id);
herr_t terminate();

namespace file {
void* create(const char* name, unsigned flags, hid_t fcpl_id, hid_t fapl_id, hid_t dxpl_id,
             void** req);
void* open(const char* name, unsigned flags, hid_t fapl_id, hid_t dxpl_id, void** req);
herr_t get(void* obj, H5VL_file_get_args_t* args, hid_t dxpl_id, void** req);
herr_t specific(void* obj, H5VL_file_specific_args_t* args, hid_t dxpl_id, void** req);
herr_t optional(void* obj, H5VL_optional_args_t* args, hid_t dxpl_id, void** req);
herr_t close(void* obj, hid_t dxpl_id, void** req);
}  // namespace file

namespace dataset {
void* create(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t lcpl_id,
             hid_t type_id, hid_t space_id, hid_t dcpl_id, hid_t dapl_id, hid_t dxpl_id,
             void** req);
/// Ready to be handed out, or closed and null: a dataset of a file that may change is told apart
/// now, for its link may be removed before it is used.
void* opened(void* obj, hid_t dxpl_id);
void* open(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t dapl_id, hid_t dxpl_id,
           void** req);
herr_t read(size_t count, void* dset[], hid_t mem_type_id[], hid_t mem_space_id[],
            hid_t file_space_id[], hid_t dxpl_id, void* buf[], void** req);
herr_t write(size_t count, void* dset[], hid_t mem_type_id[], hid_t mem_space_id[],
             hid_t file_space_id[], hid_t dxpl_id, const void* buf[], void** req);
herr_t get(void* obj, H5VL_dataset_get_args_t* args, hid_t dxpl_id, void** req);
herr_t specific(void* obj, H5VL_dataset_specific_args_t* args, hid_t dxpl_id, void** req);
herr_t optional(void* obj, H5VL_optional_args_t* args, hid_t dxpl_id, void** req);
herr_t close(void* obj, hid_t dxpl_id, void** req);
}  // namespace dataset

namespace attr {
void* create(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t type_id,
             hid_t space_id, hid_t acpl_id, hid_t aapl_id, hid_t dxpl_id, void** req);
void* open(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t aapl_id, hid_t dxpl_id,
           void** req);
herr_t read(void* obj, hid_t mem_type_id, void* buf, hid_t dxpl_id, void** req);
herr_t write(void* obj, hid_t mem_type_id, const void* buf, hid_t dxpl_id, void** req);
herr_t get(void* obj, H5VL_attr_get_args_t* args, hid_t dxpl_id, void** req);
herr_t specific(void* obj, const H5VL_loc_params_t* loc, H5VL_attr_specific_args_t* args,
                hid_t dxpl_id, void** req);
herr_t optional(void* obj, H5VL_optional_args_t* args, hid_t dxpl_id, void** req);
herr_t close(void* obj, hid_t dxpl_id, void** req);
}  // namespace attr

namespace datatype {
void* commit(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t type_id,
             hid_t lcpl_id, hid_t tcpl_id, hid_t tapl_id, hid_t dxpl_id, void** req);
void* open(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t tapl_id, hid_t dxpl_id,
           void** req);
herr_t get(void* obj, H5VL_datatype_get_args_t* args, hid_t dxpl_id, void** req);
herr_t specific(void* obj, H5VL_datatype_specific_args_t* args, hid_t dxpl_id, void** req);
herr_t optional(void* obj, H5VL_optional_args_t* args, hid_t dxpl_id, void** req);
herr_t close(void* obj, hid_t dxpl_id, void** req);
}  // namespace datatype

namespace group {
void* create(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t lcpl_id,
             hid_t gcpl_id, hid_t gapl_id, hid_t dxpl_id, void** req);
void* open(void* obj, const H5VL_loc_params_t* loc, const char* name, hid_t gapl_id, hid_t dxpl_id,
           void** req);
herr_t get(void* obj, H5VL_group_get_args_t* args, hid_t dxpl_id, void** req);
herr_t specific(void* obj, H5VL_group_specific_args_t* args, hid_t dxpl_id, void** req);
herr_t optional(void* obj, H5VL_optional_args_t* args, hid_t dxpl_id, void** req);
herr_t close(void* obj, hid_t dxpl_id, void** req);
}  // namespace group

namespace link {
herr_t create(H5VL_link_create_args_t* args, void* obj, const H5VL_loc_params_t* loc, hid_t lcpl_id,
              hid_t lapl_id, hid_t dxpl_id, void** req);
herr_t copy(void* src, const H5VL_loc_params_t* loc1, void* dst, const H5VL_loc_params_t* loc2,
            hid_t lcpl_id, hid_t lapl_id, hid_t dxpl_id, void** req);
herr_t move(void* src, const H5VL_loc_params_t* loc1, void* dst, const H5VL_loc_params_t* loc2,
            hid_t lcpl_id, hid_t lapl_id, hid_t dxpl_id, void** req);
herr_t get(void* obj, const H5VL_loc_params_t* loc, H5VL_link_get_args_t* args, hid_t dxpl_id,
           void** req);
herr_t specific(void* obj, const H5VL_loc_params_t* loc, H5VL_link_specific_args_t* args,
                hid_t dxpl_id, void** req);
herr_t optional(void* obj, const H5VL_loc_params_t* loc, H5VL_optional_args_t* args, hid_t dxpl_id,
                void** req);
}  // namespace link

namespace object {
void* open(void* obj, const H5VL_loc_params_t* loc, H5I_type_t* opened_type, hid_t dxpl_id,
           void** req);
herr_t copy(void* src, const H5VL_loc_params_t* loc1, const char* src_name, void* dst,
            const H5VL_loc_params_t* loc2, const char* dst_name, hid_t ocpypl_id, hid_t lcpl_id,
            hid_t dxpl_id, void** req);
herr_t get(void* obj, const H5VL_loc_params_t* loc, H5VL_object_get_args_t* args, hid_t dxpl_id,
           void** req);
herr_t specific(void* obj, const H5VL_loc_params_t* loc, H5VL_object_specific_args_t* args,
                hid_t dxpl_id, void** req);
herr_t optional(void* obj, const H5VL_loc_params_t* loc, H5VL_optional_args_t* args, hid_t dxpl_id,
                void** req);
}  // namespace object

namespace wrapping {
void* get_object(const void* obj);
herr_t get_wrap_ctx(const void* obj, void** wrap_ctx);
void* wrap_object(void* obj, H5I_type_t type, void* wrap_ctx);
void* unwrap_object(void* obj);
herr_t free_wrap_ctx(void* wrap_ctx);
}  // namespace wrapping

namespace introspect {
herr_t get_conn_cls(void* obj, H5VL_get_conn_lvl_t level, const H5VL_class_t** cls);
herr_t get_cap_flags(const void* info, uint64_t* flags);
herr_t opt_query(void* obj, H5VL_subclass_t subclass, int opt_type, uint64_t* flags);
}  // namespace introspect

namespace blob {
herr_t put(void* obj, const void* buf, size_t size, void* blob_id, void* ctx);
herr_t get(void* obj, const void* blob_id, void* buf, size_t size, void* ctx);
herr_t specific(void* obj, void* blob_id, H5VL_blob_specific_args_t* args);
herr_t optional(void* obj, void* blob_id, H5VL_optional_args_t* args);
}  // namespace blob

namespace token {
herr_t cmp(void* obj, const H5O_token_t* token1, const H5O_token_t* token2, int* result);
herr_t to_str(void* obj, H5I_type_t type, const H5O_token_t* token, char** text);
herr_t from_str(void* obj, H5I_type_t type, const char* text, H5O_token_t* token);
}  // namespace token

herr_t optional(void* obj, H5VL_optional_args_t* args, hid_t dxpl_id, void** req);

}  // namespace arraymorph::vol
