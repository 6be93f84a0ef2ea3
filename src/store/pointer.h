// Pointer files: small local files that lead to a file in a store, for programs that look at the
// local disk before they hand a name to HDF5 (netCDF4, PyTables, file dialogs).
//
// A pointer file is a valid HDF5 file without objects, followed by the URL, its length (4 bytes,
// little endian) and the text kPointerMagic. python/arraymorph/pointer.py writes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "arraymorph/status.h"

namespace arraymorph::store {

inline constexpr std::string_view kPointerMagic = "arraymorph pointer 1";

/// The root attribute that tells what the file is to whoever reads its bytes as an HDF5 file.
inline constexpr const char* kPointerAttribute = "arraymorph_pointer";

/// The URL that the pointer file `path` leads to; nothing when it is no pointer file (or cannot be
/// read: whoever opens it says why). One stat for most files, one small read for small ones.
/// Errors: corrupt (a pointer whose URL is damaged).
Result<std::optional<std::string>> read_pointer(const std::string& path);

}  // namespace arraymorph::store
