// The virtual file driver (VFD): gives the native connector the bytes of one HDF5 file.
//
// It knows nothing of stores: what stands behind an open file is a Backing, and who opens one is
// decided by whoever registered the driver (vol/).
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "arraymorph/buffer.h"
#include "arraymorph/status.h"
#include "hdf5/api.h"

namespace arraymorph::vfd {

/// What a file access property list carries for the driver, besides being a list.
class Opening {
 public:
  virtual ~Opening() = default;
};

/// Stored by HDF5 in the list and copied with it.
struct DriverInfo {
  std::shared_ptr<Opening> opening;
};

/// One open file behind the driver, shared by all its driver-level opens.
class Backing {
 public:
  virtual ~Backing() = default;
  /// What lists of this file carry: HDF5 opens external links and virtual sources with them.
  virtual std::shared_ptr<Opening> opening() = 0;
  /// End of file: one past the last byte.
  virtual std::uint64_t length() = 0;
  /// Bytes [offset, offset + into.size()); zeros past the end.
  virtual Status read(std::uint64_t offset, ByteSpan into) = 0;
  virtual Status write(std::uint64_t offset, ConstByteSpan from) = 0;
  virtual Status resize(std::uint64_t length) = 0;
  /// Equal for two opens of the same file.
  virtual const std::string& canonical_name() const = 0;
  /// One more driver-level open of this file, with HDF5's H5F_ACC_* flags.
  virtual void opened(unsigned flags) = 0;
  /// HDF5 has closed one; what it had to write is in the image. `last`: no other is open. HDF5 must
  /// not hear of a failure: the objects whose close has brought this about are gone by now, and ids
  /// that would stay open lead to them.
  virtual void closed(bool last) = 0;
};

/// Opens or creates the file `name`; `opening` is null when the list carries none.
using Opener = Result<std::shared_ptr<Backing>> (*)(const char* name, unsigned flags,
                                                    const std::shared_ptr<Opening>& opening);

/// Register the driver with the current library. Returns its id (the caller owns a reference), or
/// H5I_INVALID_HID with HDF5's error stack filled.
hid_t register_driver(Opener opener);

/// The Backing of an open driver-level handle whose serial number is `fileno`, or null.
std::shared_ptr<Backing> backing_of_fileno(unsigned long fileno);

/// Every file that is open in the current library, each once.
std::set<std::shared_ptr<Backing>> open_backings();

/// The current library ends. What it could not close is never closed any more, and a file that it
/// opens in another life may have the same serial number.
void forget_open_files();

}  // namespace arraymorph::vfd
