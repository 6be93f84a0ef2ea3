// LinkAccess: keeps external links of our files inside ArrayMorph.
#pragma once

#include "hdf5/handle.h"
#include "vol/object.h"

namespace arraymorph::vol {

/// HDF5 follows an external link with the file access list that the caller's link access list
/// names, and h5py always names one, with the default driver: the target would be looked for on
/// the local disk. HDF5 reads that list from the API call, not from what a connector passes on, so
/// it is changed in place for the duration of this scope and put back. Costs nothing for
/// native files, files without external links, and lists that name no file access list.
class LinkAccess {
 public:
  LinkAccess(const Object& object, hid_t list);
  LinkAccess(const Object& object, const H5VL_loc_params_t* loc);
  ~LinkAccess();
  LinkAccess(const LinkAccess&) = delete;
  LinkAccess& operator=(const LinkAccess&) = delete;

 private:
  void redirect(const Object& object, hid_t list);

  hid_t list_ = H5I_INVALID_HID;
  hdf5::Handle original_;
};

}  // namespace arraymorph::vol
