#include "vol/link_access.h"

#include <utility>

#include "hdf5/error.h"
#include "runtime/log.h"
#include "vol/file_state.h"

namespace arraymorph::vol {
namespace {

hid_t list_of(const H5VL_loc_params_t* loc) {
  if (loc == nullptr) return H5P_DEFAULT;
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

LinkAccess::LinkAccess(const Object& object, hid_t list) : ours_(object.file != nullptr) {
  if (!ours_) return;
  outer_ = std::exchange(context().missing, &missing_);
  redirect(list);
}

LinkAccess::LinkAccess(const Object& object, const H5VL_loc_params_t* loc)
    : LinkAccess(object, list_of(loc)) {}

void LinkAccess::redirect(hid_t list) {
  const auto& api = hdf5::api();
  if (list <= 0 || api.H5Pisa_class(list, ARRAYMORPH_HDF5_ID(H5P_CLS_LINK_ACCESS_ID_g)) <= 0) {
    return;
  }
  hdf5::Handle named(api.H5Pget_elink_fapl(list));
  if (!named.valid() || api.H5Pset_elink_fapl(list, H5P_DEFAULT) < 0) return;
  list_ = list;
  original_ = std::move(named);
}

void LinkAccess::report() {
  const Status failure = failures_.worst();
  if (failure.ok() || failure.code() == Code::not_found) return;
  if (hdf5::api().H5Eget_num(H5E_DEFAULT) <= 0) {
    // A question whether something exists was answered: no.
    log(LogLevel::info, "a link is not followed: " + failure.message());
    return;
  }
  const hdf5::Handle dropped(hdf5::api().H5Eget_current_stack());
  hdf5::push_error(failure, ARRAYMORPH_HDF5_ID(H5E_FILE_g), ARRAYMORPH_HDF5_ID(H5E_CANTOPENFILE_g));
}

LinkAccess::~LinkAccess() {
  if (!ours_) return;
  context().missing = outer_;
  report();
  if (list_ <= 0) return;
  const hdf5::PreserveErrors preserve;
  hdf5::api().H5Pset_elink_fapl(list_, original_.get());
}

}  // namespace arraymorph::vol
