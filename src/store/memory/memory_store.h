// Objects in the memory of the process, for tests and scratch files.
#pragma once

#include <memory>
#include <string>

#include "arraymorph/object_store.h"

namespace arraymorph::store {

/// An empty store; its objects live as long as the pointer. Callbacks run before a verb returns.
std::shared_ptr<ObjectStore> make_memory_store(const std::string& name);

}  // namespace arraymorph::store
