// Counts every verb and body of the store it wraps in runtime/stats.
#pragma once

#include <memory>

#include "arraymorph/object_store.h"

namespace arraymorph::store {

std::shared_ptr<ObjectStore> with_metrics(std::shared_ptr<ObjectStore> store);

}  // namespace arraymorph::store
