// The walk over what hard links reach.
#pragma once

#include <functional>
#include <string>

#include "vol/catalog.h"
#include "vol/object.h"

namespace arraymorph::vol {

struct Walk {
  /// Called once for each object below the start, with the path from there and the token that
  /// HDF5 opens it by. The type is H5O_TYPE_UNKNOWN where the object itself cannot be read.
  std::function<void(const std::string& path, Address address, H5O_type_t type)> visit;
  /// Optional: true for objects below which nothing lies even if they cannot be read.
  std::function<bool(Address)> is_leaf;
};

/// Visits every object that hard links reach from the group `name`, seen from `from`. Soft,
/// external and user-defined links are passed over unread: what is in their values makes no
/// difference. The status is that of the first object or group that could not be read; what lies
/// below it is not visited, everything else is.
Status walk(const Object& from, const char* name, const Walk& what);

}  // namespace arraymorph::vol
