// Removing everything below some folders.
#pragma once

#include <set>
#include <string>

#include "arraymorph/object_store.h"

namespace arraymorph::store {

/// Removes every object below the folders, which lie in `root`; all names end in '/'. Those that
/// are empty then are taken out of `folders`, also when it fails half-way. Folders close to each
/// other, by their names, share listings; never more requests than a listing for each.
Status empty_folders(ObjectStore& store, const std::string& root, std::set<std::string>& folders);

}  // namespace arraymorph::store
