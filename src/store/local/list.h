// One page of the objects under a root, in the order of their keys.
#pragma once

#include <string>

#include "arraymorph/object_store.h"

namespace arraymorph::store::local {

Result<ListReply> list_directory(const std::string& root, const ListRequest& request);

}  // namespace arraymorph::store::local
