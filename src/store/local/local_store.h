// Objects as files under one directory: the embedded store, no server needed.
#pragma once

#include <memory>
#include <string>

#include "arraymorph/object_store.h"

namespace arraymorph::store {

/// `root`: absolute directory, created by the first put. The key is the path below it. An object
/// is replaced as a whole (temporary file, rename), so readers see the old or the new one;
/// conditional puts hold between processes on one machine. The entity tag is made of the file's
/// modification time (set to the nanosecond), size and inode.
std::shared_ptr<ObjectStore> make_local_store(const std::string& root);

}  // namespace arraymorph::store
