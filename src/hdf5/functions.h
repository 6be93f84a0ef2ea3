// The one list of HDF5 symbols the plugin needs. Each exists in every release from 1.14.0 to 2.x.
#pragma once

// clang-format off
#define ARRAYMORPH_HDF5_FUNCTIONS(X)                                                              \
  X(H5Eget_auto2) X(H5Eget_current_stack) X(H5Eget_num) X(H5Epush2) X(H5Eset_auto2)               \
  X(H5Eset_current_stack) X(H5Ewalk2) X(H5FDregister) X(H5Fcreate) X(H5Fflush)                    \
  X(H5Fget_obj_count) X(H5Fget_obj_ids) X(H5Fopen) X(H5Idec_ref) X(H5Oget_info3) X(H5PLappend)    \
  X(H5PLget) X(H5PLremove) X(H5PLsize) X(H5Pcopy) X(H5Pcreate) X(H5Pfill_value_defined)           \
  X(H5Pget_alloc_time) X(H5Pget_cache) X(H5Pget_chunk) X(H5Pget_chunk_cache)                      \
  X(H5Pget_chunk_opts) X(H5Pget_copy_object) X(H5Pget_data_transform) X(H5Pget_driver)            \
  X(H5Pget_driver_info) X(H5Pget_efile_prefix) X(H5Pget_elink_cb) X(H5Pget_elink_fapl)            \
  X(H5Pget_external) X(H5Pget_external_count) X(H5Pget_fapl_core) X(H5Pget_fclose_degree)         \
  X(H5Pget_file_locking) X(H5Pget_file_space_page_size) X(H5Pget_file_space_strategy)             \
  X(H5Pget_fill_time) X(H5Pget_fill_value) X(H5Pget_filter2) X(H5Pget_layout)                     \
  X(H5Pget_libver_bounds) X(H5Pget_nfilters) X(H5Pget_virtual_count) X(H5Pget_virtual_dsetname)   \
  X(H5Pget_virtual_filename) X(H5Pget_virtual_prefix) X(H5Pget_virtual_printf_gap)                \
  X(H5Pget_virtual_srcspace) X(H5Pget_virtual_view) X(H5Pget_virtual_vspace) X(H5Pget_vol_id)     \
  X(H5Pisa_class) X(H5Piterate) X(H5Pmodify_filter) X(H5Premove_filter) X(H5Pset_alloc_time)      \
  X(H5Pset_cache) X(H5Pset_copy_object) X(H5Pset_driver) X(H5Pset_elink_cb) X(H5Pset_elink_fapl)  \
  X(H5Pset_fapl_core) X(H5Pset_fclose_degree) X(H5Pset_file_locking) X(H5Pset_filter)             \
  X(H5Pset_layout) X(H5Pset_libver_bounds) X(H5Pset_vol) X(H5Scopy)                               \
  X(H5Screate_simple) X(H5Sget_regular_hyperslab) X(H5Sget_select_bounds)                         \
  X(H5Sget_select_npoints) X(H5Sget_select_type)                                                  \
  X(H5Sget_simple_extent_dims) X(H5Sget_simple_extent_ndims) X(H5Sget_simple_extent_npoints)      \
  X(H5Sget_simple_extent_type) X(H5Sis_regular_hyperslab) X(H5Soffset_simple) X(H5Ssel_iter_close)                    \
  X(H5Ssel_iter_create) X(H5Ssel_iter_get_seq_list) X(H5Sselect_adjust) X(H5Sselect_all) X(H5Sselect_hyperslab)       \
  X(H5Sselect_none) X(H5Sselect_project_intersection) X(H5Sselect_valid) X(H5Sset_extent_simple)  \
  X(H5Tconvert) X(H5Tcopy) X(H5Tequal) X(H5Tget_class) X(H5Tget_member_type) X(H5Tget_nmembers)              \
  X(H5Tget_size) X(H5Tget_super) X(H5Tis_variable_str) X(H5VLattr_close) X(H5VLattr_create)       \
  X(H5VLattr_get) X(H5VLattr_open) X(H5VLattr_optional) X(H5VLattr_read) X(H5VLattr_specific)     \
  X(H5VLattr_write) X(H5VLblob_get) X(H5VLblob_optional) X(H5VLblob_put) X(H5VLblob_specific)     \
  X(H5VLdataset_close) X(H5VLdataset_create) X(H5VLdataset_get) X(H5VLdataset_open)               \
  X(H5VLdataset_optional) X(H5VLdataset_read) X(H5VLdataset_specific) X(H5VLdataset_write)        \
  X(H5VLdatatype_close) X(H5VLdatatype_commit) X(H5VLdatatype_get) X(H5VLdatatype_open)           \
  X(H5VLdatatype_optional) X(H5VLdatatype_specific) X(H5VLfile_close) X(H5VLfile_create)          \
  X(H5VLfile_get) X(H5VLfile_open) X(H5VLfile_optional) X(H5VLfile_specific)                      \
  X(H5VLget_connector_id) X(H5VLget_connector_id_by_value) X(H5VLget_object) X(H5VLget_value)     \
  X(H5VLgroup_close) X(H5VLgroup_create) X(H5VLgroup_get) X(H5VLgroup_open) X(H5VLgroup_optional) \
  X(H5VLgroup_specific) X(H5VLintrospect_get_cap_flags) X(H5VLintrospect_get_conn_cls)            \
  X(H5VLintrospect_opt_query) X(H5VLlink_copy) X(H5VLlink_create) X(H5VLlink_get)                 \
  X(H5VLlink_move) X(H5VLlink_optional) X(H5VLlink_specific) X(H5VLobject) X(H5VLobject_copy)     \
  X(H5VLobject_get) X(H5VLobject_open) X(H5VLobject_optional) X(H5VLobject_specific)              \
  X(H5VLoptional) X(H5VLtoken_cmp) X(H5VLtoken_from_str) X(H5VLtoken_to_str) X(H5VLunwrap_object) \
  X(H5Zfilter_avail) X(H5Zregister) X(H5atclose) X(H5get_libversion) X(H5is_library_threadsafe) X(H5open)

#define ARRAYMORPH_HDF5_IDS(X)                                                                    \
  X(H5E_BADVALUE_g) X(H5E_CANTCLOSEFILE_g) X(H5E_CANTCOPY_g) X(H5E_CANTDELETEFILE_g)              \
  X(H5E_CANTFLUSH_g) X(H5E_CANTGET_g) X(H5E_CANTINIT_g) X(H5E_CANTOPENFILE_g) X(H5E_CANTSET_g)    \
  X(H5E_DATASET_g) X(H5E_ERR_CLS_g) X(H5E_FILE_g) X(H5E_IO_g) X(H5E_NOTFOUND_g) X(H5E_READERROR_g) X(H5E_SYM_g)  \
  X(H5E_UNSUPPORTED_g) X(H5E_VFL_g) X(H5E_VOL_g) X(H5E_WRITEERROR_g) X(H5P_CLS_FILE_ACCESS_ID_g)  \
  X(H5P_CLS_LINK_ACCESS_ID_g) X(H5P_CLS_OBJECT_COPY_ID_g) X(H5P_LST_DATASET_ACCESS_ID_g)          \
  X(H5P_LST_DATASET_XFER_ID_g) X(H5P_LST_GROUP_ACCESS_ID_g) X(H5P_LST_LINK_ACCESS_ID_g)           \
  X(H5P_LST_LINK_CREATE_ID_g)
