// Transfers: H5Dread and H5Dwrite on datasets whose data lies in chunk objects.
#pragma once

#include <span>

#include "arraymorph/status.h"
#include "vol/object.h"

namespace arraymorph::vol {

/// One dataset's part of a (multi-dataset) call, as HDF5 passes it.
template <class Pointer>
struct Transfer {
  Object* object = nullptr;  ///< resolved and prepared, reads_of() set
  hid_t memory_type = H5I_INVALID_HID;
  hid_t memory_space = H5I_INVALID_HID;
  hid_t file_space = H5I_INVALID_HID;
  Pointer buffer = nullptr;
};
using ReadTransfer = Transfer<void*>;
using WriteTransfer = Transfer<const void*>;

/// The chunks of all transfers are in flight together.
Status read_datasets(std::span<const ReadTransfer> transfers, hid_t dxpl_id);
Status write_datasets(std::span<const WriteTransfer> transfers, hid_t dxpl_id);

/// unsupported when the transfer list asks for what only the native connector does.
Status check_transfer_list(hid_t dxpl_id);

}  // namespace arraymorph::vol
