// Where files lead: what a name that stands in a file means, and whether the file may go there.
//
// A name in a stored or remote file (external link, virtual source, raw external storage) was
// written by somebody else. It reaches what lies in the file's own store, and what
// ARRAYMORPH_ALLOW_LINKS names; SECURITY.md has the table. No request is sent here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arraymorph/status.h"
#include "runtime/config.h"
#include "store/locate.h"

namespace arraymorph::store {

/// One of the places that a name may mean.
struct Meaning {
  Location location;
  /// False: the name does not say this place, it is where names without a scheme go in general.
  bool stated = true;
};

/// A file of a store, as those that name it and HDF5 know it.
struct Origin {
  const Location& location;
  std::string_view name;       ///< what HDF5 was told: a URL or a name without a scheme
  std::string_view directory;  ///< the working directory, which HDF5 puts in front of names
};

/// What `name` means in `file`, in the order in which it is to be looked for. `name`: as it stands
/// in the file, or one of the candidates that HDF5 makes of it. "${ORIGIN}" and relative names
/// start at the folder of the file, ".." goes up inside the store. Without a platform an absolute
/// path is one of the local disk. Errors: invalid_argument (no such name can be).
Result<std::vector<Meaning>> meanings(std::string_view name, const Origin& file,
                                      const Config& config);

/// May the file at `from` lead to `to`? Symbolic links of the local disk are followed first.
/// Errors: permission_denied, with both and the setting that would allow it.
Status may_reach(const Location& from, const Location& to, const Config& config);

/// May raw external storage of the file at `from` lie in the local file `path` (absolute)? Its own
/// store does not count: HDF5 would open the file past all stores.
Status may_touch(const Location& from, const std::string& path, const Config& config);

/// The URL of the folder that holds the file, with '/' behind; without a query.
std::string folder_of(const Location& file);

}  // namespace arraymorph::store
