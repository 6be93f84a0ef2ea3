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

bool is_link_access(hid_t list) {
  const auto& api = hdf5::api();
  return list > 0 && api.H5Pisa_class(list, ARRAYMORPH_HDF5_ID(H5P_CLS_LINK_ACCESS_ID_g)) > 0;
}

/// The file access list that the link access list names, if any, says nothing of a driver.
bool names_default_driver(hid_t list) {
  const auto& api = hdf5::api();
  if (!is_link_access(list)) return false;
  const hdf5::Handle named(api.H5Pget_elink_fapl(list));
  if (!named.valid()) return false;
  const hdf5::Handle usual(api.H5Pcreate(ARRAYMORPH_HDF5_ID(H5P_CLS_FILE_ACCESS_ID_g)));
  return api.H5Pget_driver(named.get()) == api.H5Pget_driver(usual.get());
}

/// What a file access list says about how a file is used, not about who opens it.
bool copy_settings(hid_t from, hid_t to) {
  const auto& api = hdf5::api();
  hbool_t locking = true;
  hbool_t ignore = false;
  H5F_libver_t low = H5F_LIBVER_EARLIEST;
  H5F_libver_t high = H5F_LIBVER_LATEST;
  int elements = 0;
  std::size_t slots = 0;
  std::size_t bytes = 0;
  double preemption = 0;
  return api.H5Pget_file_locking(from, &locking, &ignore) >= 0 &&
         api.H5Pset_file_locking(to, locking, ignore) >= 0 &&
         api.H5Pget_libver_bounds(from, &low, &high) >= 0 &&
         api.H5Pset_libver_bounds(to, low, high) >= 0 &&
         api.H5Pget_cache(from, &elements, &slots, &bytes, &preemption) >= 0 &&
         api.H5Pset_cache(to, elements, slots, bytes, preemption) >= 0;
}

}  // namespace

LinkAccess::LinkAccess(const Object& object, hid_t list)
    : ours_(object.file != nullptr || context().mounts) {
  if (!ours_) {
    if (names_default_driver(list)) redirect(list);
    return;
  }
  outer_ = std::exchange(context().missing, &missing_);
  redirect(list);
}

LinkAccess::LinkAccess(const Object& object, const H5VL_loc_params_t* loc)
    : LinkAccess(object, list_of(loc)) {}

void LinkAccess::redirect(hid_t list) {
  const auto& api = hdf5::api();
  if (!is_link_access(list)) return;
  hdf5::Handle named(api.H5Pget_elink_fapl(list));
  if (!named.valid() || api.H5Pget_elink_cb(list, &callback_, &callback_data_) < 0) return;
  list_ = list;
  original_ = std::move(named);
  api.H5Pset_elink_fapl(list, H5P_DEFAULT);
  api.H5Pset_elink_cb(list, before_target, this);
}

/// H5L_elink_traverse_t. `fapl`: a copy of the list of the file that holds the link.
herr_t LinkAccess::before_target(const char* parent, const char* group, const char* file,
                                 const char* object, unsigned* flags, hid_t fapl,
                                 void* access) noexcept {
  const LinkAccess& self = *static_cast<const LinkAccess*>(access);
  if (!copy_settings(self.original_.get(), fapl)) return -1;
  if (self.callback_ == nullptr) return 0;
  return self.callback_(parent, group, file, object, flags, fapl, self.callback_data_);
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
  if (ours_) {
    context().missing = outer_;
    report();
  }
  if (list_ <= 0) return;
  const hdf5::PreserveErrors preserve;
  hdf5::api().H5Pset_elink_fapl(list_, original_.get());
  hdf5::api().H5Pset_elink_cb(list_, callback_, callback_data_);
}

}  // namespace arraymorph::vol
