// Whether the system lets the engine start: in the middle of it the engine ends the process.
#pragma once

#include <cstdint>

#include "arraymorph/status.h"

namespace arraymorph::store::s3 {

/// Takes the descriptors that a client with so many event loops needs, and gives them back.
/// (Threads: config::enough_threads.) unavailable: there are not so many.
Status enough_descriptors(std::uint32_t event_loops);

}  // namespace arraymorph::store::s3
