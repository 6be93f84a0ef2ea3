// Removing what is expected below some folders, and nothing else.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "arraymorph/object_store.h"

namespace arraymorph::store {

/// Removes the objects below the folders, which lie in `root`, whose names behind the folder's are
/// `expected`; all names of folders end in '/'. Folders without such objects are taken out of
/// `folders`, also when it fails half-way. Folders close to each other, by their names, share
/// listings; there are never more requests than a listing for each.
Status empty_folders(ObjectStore& store, const std::string& root, std::set<std::string>& folders,
                     const std::function<bool(std::string_view name)>& expected);

}  // namespace arraymorph::store
