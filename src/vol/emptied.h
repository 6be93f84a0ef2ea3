// The note that says which prefixes of a file's trash are empty: a JSON array of them.
#pragma once

#include <set>
#include <string>

#include "arraymorph/object_store.h"

namespace arraymorph::vol {

/// Below the file's own prefix.
inline constexpr const char* kEmptiedKey = ".arraymorph/emptied.json";

/// One GET. Nothing where there is no note, or one that nobody understands.
Result<std::set<std::string>> read_emptied(ObjectStore& store, const std::string& key_prefix);
Status write_emptied(ObjectStore& store, const std::string& key_prefix,
                     const std::set<std::string>& prefixes);

}  // namespace arraymorph::vol
