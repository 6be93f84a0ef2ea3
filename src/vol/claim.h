// Claiming: whose file a name is, when the access list of the call counts too.
#pragma once

#include "vol/file_state.h"

namespace arraymorph::vol {

/// What a call is about to do with a file.
enum class Wish { look, change, create, remove };

/// Whose file is `name`, or the file that a pointer file of this name leads to? Nothing: HDF5's
/// own. A list of a file of ours says that this file names it (see reach()).
///
/// A list with another than the default driver is HDF5's own, but not for pointer files, whose own
/// bytes are an empty HDF5 file: the core driver's wishes are met by opening what the pointer leads
/// to, all other drivers are refused. Errors: invalid_argument (name, configuration), unsupported
/// (a pointer that this driver would read or overwrite).
Result<std::shared_ptr<FileOpening>> claim(const char* name, hid_t fapl_id, Wish wish);

/// Opens a file of HDF5's own through the native connector. Null, with the error pushed, also when
/// a driver of the program's own (a Python file object, a file image) has led to the bytes of a
/// pointer file.
void* open_native(const char* name, unsigned flags, hid_t fapl_id, hid_t dxpl_id, void** req);

}  // namespace arraymorph::vol
