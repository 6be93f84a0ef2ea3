// LinkAccess: keeps external links of our files inside ArrayMorph.
#pragma once

#include <set>
#include <string>

#include "hdf5/handle.h"
#include "vol/object.h"
#include "vol/open_failure.h"

namespace arraymorph::vol {

/// HDF5 follows an external link with the file access list that the caller's link access list
/// names, and h5py always names one, with the default driver: the target would be looked for on
/// the local disk. Without one HDF5 takes the list of the file that holds the link, which is ours
/// and says who leads there (open_backing); the settings of the caller's are put into that one when
/// HDF5 asks its traversal callback. HDF5 reads the caller's list from the API call, not from what
/// a connector passes on, so it is changed in place for the duration of this scope and put back.
/// Lists that name no file access list stay as they are. For native files so do those that name a
/// driver; with others HDF5 would open the target for the connector that is the default now, and
/// crash at variable-length data. Once a file of ours is mounted, every path may lead into it: all
/// are treated as ours.
///
/// Of the candidates for a target HDF5 drops all errors: what was refused, or failed otherwise than
/// by not being there, becomes the error of the call when the scope ends.
class LinkAccess {
 public:
  /// `list`: of the call, for names that begin at `object`.
  LinkAccess(const Object& object, hid_t list);
  LinkAccess(const Object& object, const H5VL_loc_params_t* loc);
  ~LinkAccess();
  LinkAccess(const LinkAccess&) = delete;
  LinkAccess& operator=(const LinkAccess&) = delete;

 private:
  void redirect(hid_t list);
  static herr_t before_target(const char* parent, const char* group, const char* file,
                              const char* object, unsigned* flags, hid_t fapl,
                              void* access) noexcept;
  void report();

  hid_t list_ = H5I_INVALID_HID;
  hdf5::Handle original_;
  H5L_elink_traverse_t callback_ = nullptr;  ///< the caller's
  void* callback_data_ = nullptr;
  bool ours_ = false;
  OpenFailures failures_;
  std::set<std::string> missing_;
  std::set<std::string>* outer_ = nullptr;
};

}  // namespace arraymorph::vol
