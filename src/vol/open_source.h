// Opening what a virtual dataset names: where its source files may lie, and what counts as missing.
#pragma once

#include <string>
#include <vector>

#include "hdf5/handle.h"
#include "vol/object.h"

namespace arraymorph::vol {

/// Where the source file `name` of a virtual dataset in `file` may lie, in the order in which they
/// are tried. `prefix`: H5Pset_virtual_prefix as the program gave it.
std::vector<std::string> source_candidates(const FileState& file, const std::string& name,
                                           const std::string& prefix);

/// The source file `name` of the virtual dataset `dataset`. not_found: it lies in none of the
/// places, the one thing that means fill values. Every other failure is an error, of one place
/// too: what lies in a later one need not be the file that was meant.
Result<hdf5::Handle> open_source_file(const Object& dataset, const std::string& name, bool write);

/// The source dataset at `path` in the native file or object `location`, wrapped. Null: there is
/// none there.
Result<void*> open_source_dataset(void* location, H5I_type_t type, const std::string& path);

}  // namespace arraymorph::vol
