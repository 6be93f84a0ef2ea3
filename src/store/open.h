// The store that holds a location.
#pragma once

#include <memory>

#include "arraymorph/object_store.h"
#include "runtime/config.h"
#include "store/locate.h"

namespace arraymorph::store {

/// Makes the configuration what holds for this location: the profile's settings where it is S3, and
/// no more than the process may have. Does nothing the second time; open_store() does it as well.
/// Errors: as complete_s3().
Status settle(const Location& location, Config& config);

/// One store per bucket (and endpoint, region, credentials and tuning), directory, memory name or
/// web server, shared by all callers. Those that nobody has open are kept for the next, but only
/// the few that were asked for last; in memory all. Opening sends no request. Errors:
/// invalid_argument (settings that contradict each other).
Result<std::shared_ptr<ObjectStore>> open_store(const Location& location, const Config& config);

}  // namespace arraymorph::store
