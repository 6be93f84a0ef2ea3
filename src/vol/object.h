// Object: what HDF5 holds for each of our open files, groups, datasets, types and attributes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "arraymorph/status.h"
#include "hdf5/api.h"
#include "vol/context.h"

namespace arraymorph::vol {

struct Dataset;
class VirtualSources;

struct Object {
  void* under = nullptr;  ///< the native connector's object, owned by HDF5
  H5I_type_t type = H5I_BADID;
  std::shared_ptr<FileState> file;  ///< null: a native file that only passes through us
  bool is_id = false;               ///< counted in `file` (count_id)
  CacheClaim cache;                 ///< files and datasets of ours: what their access list asks

  // Datasets only, found at first use (see dataset.h).
  bool resolved = false;
  std::shared_ptr<Dataset> dataset;         ///< null: the data lies in the HDF5 file itself
  std::shared_ptr<VirtualSources> sources;  ///< set for virtual layout
  bool raw_files = false;                   ///< native would open external storage
  std::string virtual_prefix;               ///< H5Pset_virtual_prefix, as the program gave it
  bool placed = false;                      ///< in_place has been looked for
  std::shared_ptr<Dataset> in_place;        ///< of a plain file: reads are ours, all else native's
};

inline Object& object_of(void* obj) { return *static_cast<Object*>(obj); }

/// The native object below `obj` (null for null).
inline void* under(void* obj) { return obj == nullptr ? nullptr : object_of(obj).under; }

inline hid_t native() { return context().native; }

/// The default transfer list. Connector-level calls take no H5P_DEFAULT: the public functions
/// above them have replaced it.
inline hid_t default_transfer() { return ARRAYMORPH_HDF5_ID(H5P_LST_DATASET_XFER_ID_g); }

/// Takes a native object over. Its file is asked of the object itself, because a path may have
/// led through an external link into another file; that of an attribute is left to the caller.
/// Null stays null.
void* wrap(void* native_object, H5I_type_t type);

/// `obj` is a file that the program gets an id of. HDF5 keeps another wrapper of each file for
/// itself. Null is left alone.
void count_id(void* obj);

/// Deletes the wrapper, not the native object.
void discard(void* obj);

/// Basic information on a native object: its type, address token and file number. False on failure.
bool native_info(void* native_object, H5I_type_t type, H5O_info2_t& info);

/// The name by which the native connector opened the file that holds the object; nothing on
/// failure.
std::optional<std::string> native_file_name(void* native_object, H5I_type_t type);

/// The native connector's object token, which is the address of the object header.
std::uint64_t address_in(const H5O_token_t& token);

/// False, with the error pushed, when `obj` lies in a file that a parent process opened: a change
/// made here would never be stored. True for null.
bool may_change(void* obj);

/// Our state of the file that holds `native_object`, or null for a native file.
std::shared_ptr<FileState> file_of(void* native_object, H5I_type_t type);

/// Location parameters that mean the object itself, or the object `name` seen from it.
H5VL_loc_params_t self(H5I_type_t type);
H5VL_loc_params_t by_name(H5I_type_t type, const char* name);

}  // namespace arraymorph::vol
