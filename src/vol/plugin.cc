// Plugin entry: which libhdf5 asks, and the connector class it gets.
#include <H5PLextern.h>

#include <array>
#include <cstdio>
#include <utility>

#include "arraymorph/api.h"
#include "hdf5/entry.h"
#include "hdf5/old_library.h"
#include "vol/callbacks.h"

namespace arraymorph::vol {
namespace {

template <int Slot>
H5VL_class_t make_class() {
  const auto at = []<auto Function>() { return &hdf5::Entry<Slot, Function>::call; };
#define ARRAYMORPH_AT(function) at.template operator()<function>()
  H5VL_class_t cls{};
  cls.version = H5VL_VERSION;
  cls.value = ARRAYMORPH_CONNECTOR_VALUE;
  cls.name = ARRAYMORPH_CONNECTOR_NAME;
  cls.conn_version = 1;
  cls.cap_flags =
      H5VL_CAP_FLAG_FILE_BASIC | H5VL_CAP_FLAG_FILE_MORE | H5VL_CAP_FLAG_DATASET_BASIC |
      H5VL_CAP_FLAG_DATASET_MORE | H5VL_CAP_FLAG_GROUP_BASIC | H5VL_CAP_FLAG_GROUP_MORE |
      H5VL_CAP_FLAG_ATTR_BASIC | H5VL_CAP_FLAG_ATTR_MORE | H5VL_CAP_FLAG_LINK_BASIC |
      H5VL_CAP_FLAG_LINK_MORE | H5VL_CAP_FLAG_OBJECT_BASIC | H5VL_CAP_FLAG_OBJECT_MORE |
      H5VL_CAP_FLAG_STORED_DATATYPES | H5VL_CAP_FLAG_CREATION_ORDER | H5VL_CAP_FLAG_ITERATE |
      H5VL_CAP_FLAG_STORAGE_SIZE | H5VL_CAP_FLAG_BY_IDX | H5VL_CAP_FLAG_GET_PLIST |
      H5VL_CAP_FLAG_FLUSH_REFRESH | H5VL_CAP_FLAG_EXTERNAL_LINKS | H5VL_CAP_FLAG_HARD_LINKS |
      H5VL_CAP_FLAG_SOFT_LINKS | H5VL_CAP_FLAG_UD_LINKS | H5VL_CAP_FLAG_TRACK_TIMES |
      H5VL_CAP_FLAG_MOUNT | H5VL_CAP_FLAG_FILTERS | H5VL_CAP_FLAG_FILL_VALUES |
      H5VL_CAP_FLAG_OBJ_REF | H5VL_CAP_FLAG_REG_REF | H5VL_CAP_FLAG_ATTR_REF;
  cls.initialize = ARRAYMORPH_AT(&initialize);
  cls.terminate = ARRAYMORPH_AT(&terminate);
  cls.wrap_cls = {ARRAYMORPH_AT(&wrapping::get_object), ARRAYMORPH_AT(&wrapping::get_wrap_ctx),
                  ARRAYMORPH_AT(&wrapping::wrap_object), ARRAYMORPH_AT(&wrapping::unwrap_object),
                  ARRAYMORPH_AT(&wrapping::free_wrap_ctx)};
  cls.attr_cls = {ARRAYMORPH_AT(&attr::create),   ARRAYMORPH_AT(&attr::open),
                  ARRAYMORPH_AT(&attr::read),     ARRAYMORPH_AT(&attr::write),
                  ARRAYMORPH_AT(&attr::get),      ARRAYMORPH_AT(&attr::specific),
                  ARRAYMORPH_AT(&attr::optional), ARRAYMORPH_AT(&attr::close)};
  cls.dataset_cls = {ARRAYMORPH_AT(&dataset::create),   ARRAYMORPH_AT(&dataset::open),
                     ARRAYMORPH_AT(&dataset::read),     ARRAYMORPH_AT(&dataset::write),
                     ARRAYMORPH_AT(&dataset::get),      ARRAYMORPH_AT(&dataset::specific),
                     ARRAYMORPH_AT(&dataset::optional), ARRAYMORPH_AT(&dataset::close)};
  cls.datatype_cls = {ARRAYMORPH_AT(&datatype::commit),   ARRAYMORPH_AT(&datatype::open),
                      ARRAYMORPH_AT(&datatype::get),      ARRAYMORPH_AT(&datatype::specific),
                      ARRAYMORPH_AT(&datatype::optional), ARRAYMORPH_AT(&datatype::close)};
  cls.file_cls = {ARRAYMORPH_AT(&file::create),   ARRAYMORPH_AT(&file::open),
                  ARRAYMORPH_AT(&file::get),      ARRAYMORPH_AT(&file::specific),
                  ARRAYMORPH_AT(&file::optional), ARRAYMORPH_AT(&file::close)};
  cls.group_cls = {ARRAYMORPH_AT(&group::create),   ARRAYMORPH_AT(&group::open),
                   ARRAYMORPH_AT(&group::get),      ARRAYMORPH_AT(&group::specific),
                   ARRAYMORPH_AT(&group::optional), ARRAYMORPH_AT(&group::close)};
  cls.link_cls = {ARRAYMORPH_AT(&link::create),   ARRAYMORPH_AT(&link::copy),
                  ARRAYMORPH_AT(&link::move),     ARRAYMORPH_AT(&link::get),
                  ARRAYMORPH_AT(&link::specific), ARRAYMORPH_AT(&link::optional)};
  cls.object_cls = {ARRAYMORPH_AT(&object::open), ARRAYMORPH_AT(&object::copy),
                    ARRAYMORPH_AT(&object::get), ARRAYMORPH_AT(&object::specific),
                    ARRAYMORPH_AT(&object::optional)};
  cls.introspect_cls = {ARRAYMORPH_AT(&introspect::get_conn_cls),
                        ARRAYMORPH_AT(&introspect::get_cap_flags),
                        ARRAYMORPH_AT(&introspect::opt_query)};
  cls.blob_cls = {ARRAYMORPH_AT(&blob::put), ARRAYMORPH_AT(&blob::get),
                  ARRAYMORPH_AT(&blob::specific), ARRAYMORPH_AT(&blob::optional)};
  cls.token_cls = {ARRAYMORPH_AT(&token::cmp), ARRAYMORPH_AT(&token::to_str),
                   ARRAYMORPH_AT(&token::from_str)};
  cls.optional = ARRAYMORPH_AT(&optional);
#undef ARRAYMORPH_AT
  return cls;
}

template <std::size_t... Slots>
const H5VL_class_t* class_in_slot(int slot, std::index_sequence<Slots...>) {
  static const auto* const all =
      new std::array<H5VL_class_t, sizeof...(Slots)>{make_class<static_cast<int>(Slots)>()...};
  return &(*all)[static_cast<std::size_t>(slot)];
}

// Returning NULL to HDF5 2.x crashes it later, and 1.14 would silently run without us: a class
// whose version it refuses is the one answer both report.
const H5VL_class_t* refused_class() {
  static H5VL_class_t refused{};
  refused.version = ~0u;
  refused.value = ARRAYMORPH_CONNECTOR_VALUE;
  refused.name = ARRAYMORPH_CONNECTOR_NAME;
  return &refused;
}

}  // namespace
}  // namespace arraymorph::vol

extern "C" {

ARRAYMORPH_EXPORT H5PL_type_t H5PLget_plugin_type(void) { return H5PL_TYPE_VOL; }

ARRAYMORPH_EXPORT const void* H5PLget_plugin_info(void) {
  using namespace arraymorph;
  const void* caller = __builtin_return_address(0);
  const auto api = hdf5::api_of_caller(caller);
  if (!api.ok()) {
    if (const void* old = hdf5::class_for_old_library(caller)) return old;
    std::fprintf(stderr, "arraymorph: error: %s\n", api.status().message().c_str());
    return vol::refused_class();
  }
  return vol::class_in_slot((*api)->slot, std::make_index_sequence<hdf5::kMaxLibraries>());
}
}
