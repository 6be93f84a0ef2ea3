#include "vol/link_access.h"

#include "hdf5/error.h"
#include "vol/file_state.h"

namespace arraymorph::vol {
namespace {

hid_t list_of(const H5VL_loc_params_t* loc) {
  switch (loc->type) {
    case H5VL_OBJECT_BY_NAME:
      return loc->loc_data.loc_by_name.lapl_id;
    case H5VL_OBJECT_BY_IDX:
      return loc->loc_data.loc_by_idx.lapl_id;
    default:
      return H5P_DEFAULT;
  }
}

}  // namespace

LinkAccess::LinkAccess(const Object& object, hid_t list) { redirect(object, list); }

LinkAccess::LinkAccess(const Object& object, const H5VL_loc_params_t* loc) {
  if (loc != nullptr) redirect(object, list_of(loc));
}

void LinkAccess::redirect(const Object& object, hid_t list) {
  if (!object.file || !object.file->catalog().external_links || list <= 0) return;
  const auto& api = hdf5::api();
  if (api.H5Pisa_class(list, ARRAYMORPH_HDF5_ID(H5P_CLS_LINK_ACCESS_ID_g)) <= 0) return;
  hdf5::Handle named(api.H5Pget_elink_fapl(list));
  if (!named.valid()) return;  // H5P_DEFAULT: HDF5 uses the parent's list, which is ours
  const hdf5::Handle ours(api.H5Pcopy(named.get()));
  const vfd::DriverInfo info{object.file->opening()};
  if (api.H5Pset_vol(ours.get(), native(), nullptr) < 0 ||
      api.H5Pset_driver(ours.get(), context().driver, &info) < 0 ||
      api.H5Pset_elink_fapl(list, ours.get()) < 0) {
    return;
  }
  list_ = list;
  original_ = std::move(named);
}

LinkAccess::~LinkAccess() {
  if (list_ <= 0) return;
  const hdf5::PreserveErrors preserve;
  hdf5::api().H5Pset_elink_fapl(list_, original_.get());
}

}  // namespace arraymorph::vol
