#include "hdf5/error.h"
#include "vol/transfer.h"

namespace arraymorph::vol {

Status check_transfer_list(hid_t dxpl_id) {
  if (dxpl_id <= 0 || dxpl_id == ARRAYMORPH_HDF5_ID(H5P_LST_DATASET_XFER_ID_g)) return {};
  const hdf5::SilenceErrors silence;
  if (hdf5::api().H5Pget_data_transform(dxpl_id, nullptr, 0) <= 0) return {};
  return {Code::unsupported,
          "data transforms (H5Pset_data_transform) are not applied to datasets whose data lies in "
          "chunk objects; transform the array in the program"};
}

}  // namespace arraymorph::vol
