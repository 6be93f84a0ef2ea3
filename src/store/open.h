// The store that holds a location.
#pragma once

#include <memory>

#include "arraymorph/object_store.h"
#include "runtime/config.h"
#include "store/locate.h"

namespace arraymorph::store {

/// One store per bucket (and endpoint, region, credentials and tuning), directory, memory name or
/// web server, shared by all callers and kept for the life of the process. Opening sends no
/// request. Errors: invalid_argument (settings that contradict each other).
Result<std::shared_ptr<ObjectStore>> open_store(const Location& location, const Config& config);

}  // namespace arraymorph::store
