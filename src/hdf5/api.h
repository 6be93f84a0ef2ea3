// The function table: every HDF5 function ArrayMorph calls, taken at run time from the libhdf5
// that loaded the plugin. The plugin itself links no libhdf5, so one file serves every h5py,
// netCDF4 or PyTables wheel, each of which carries a private copy of the library.
//
// Several such copies in one process each get a slot of their own; a thread-local pointer says
// which copy the current callback came from (hdf5/entry.h sets it).
#pragma once

#include <hdf5.h>

#include <tuple>

#include "arraymorph/status.h"
#include "hdf5/functions.h"

// HDF5's constants (H5F_ACC_RDWR, ...) call into the library to make sure that it is open; we run
// only inside its callbacks, and link none.
#undef H5OPEN
#define H5OPEN
#undef H5CHECK
#define H5CHECK

namespace arraymorph::hdf5 {

/// How many different copies of libhdf5 one process may use the plugin from.
inline constexpr int kMaxLibraries = 8;

struct Version {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  bool at_least(unsigned want_major, unsigned want_minor,
                unsigned want_release = 0) const noexcept {
    return std::tie(major, minor, release) >= std::tie(want_major, want_minor, want_release);
  }
};

/// One copy of libhdf5: its functions, and the addresses of its data symbols.
struct Api {
#define ARRAYMORPH_DECLARE(name) decltype(&::name) name = nullptr;
  ARRAYMORPH_HDF5_FUNCTIONS(ARRAYMORPH_DECLARE)
#undef ARRAYMORPH_DECLARE

  // Data symbols hold ids that are valid only after H5open: read them at use, not at load.
#define ARRAYMORPH_DECLARE(name) const hid_t* name##_address = nullptr;
  ARRAYMORPH_HDF5_IDS(ARRAYMORPH_DECLARE)
#undef ARRAYMORPH_DECLARE

  Version version;
  int slot = -1;
};

/// The table of the libhdf5 that contains `address` (a return address inside it), filled at the
/// first call for that library. Errors: unsupported, naming a missing symbol and the library.
Result<const Api*> api_of_caller(const void* address);

/// The table for the callback that runs on this thread.
const Api& api() noexcept;

/// The table in `slot`; null when no library has taken it.
const Api* api_in_slot(int slot) noexcept;

/// Makes the library in `slot` the current one for a scope.
class ApiScope {
 public:
  explicit ApiScope(int slot) noexcept;
  ~ApiScope();
  ApiScope(const ApiScope&) = delete;
  ApiScope& operator=(const ApiScope&) = delete;

 private:
  const Api* previous_;
};

}  // namespace arraymorph::hdf5

/// The value of one of the library's id symbols now, e.g.
/// ARRAYMORPH_HDF5_ID(H5P_CLS_FILE_ACCESS_ID_g).
#define ARRAYMORPH_HDF5_ID(name) (*::arraymorph::hdf5::api().name##_address)
