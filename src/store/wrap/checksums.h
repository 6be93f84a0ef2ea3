// Verifies objects that are read whole against what is kept with them.
#pragma once

#include <memory>

#include "arraymorph/object_store.h"
#include "runtime/config.h"

namespace arraymorph::store {

/// A whole object that differs is read once more, then corrupt. Ranges cannot be verified.
/// Checksums::off: `store` itself.
std::shared_ptr<ObjectStore> with_checksums(std::shared_ptr<ObjectStore> store, Checksums kind);

}  // namespace arraymorph::store
