// H5Ocopy: native copies the HDF5 objects, whose own storage is empty; we copy the chunk objects.
#pragma once

#include "hdf5/api.h"

namespace arraymorph::vol {

/// One side of a copy, as HDF5 passes it.
struct CopyEnd {
  void* obj = nullptr;
  const H5VL_loc_params_t* loc = nullptr;
  const char* name = nullptr;
};

herr_t copy_object(const CopyEnd& src, const CopyEnd& dst, hid_t ocpypl_id, hid_t lcpl_id,
                   hid_t dxpl_id, void** req);

}  // namespace arraymorph::vol
