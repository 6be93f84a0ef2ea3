// Whether the system lets the engine start: in the middle of it the engine ends the process.
#pragma once

#include <cstdint>
#include <string>

#include "arraymorph/status.h"

namespace arraymorph::store::s3 {

/// Takes the descriptors that a client with so many event loops needs, and gives them back.
/// (Threads: config::enough_threads.) unavailable: there are not so many.
Status enough_descriptors(std::uint32_t event_loops);

/// What to do about an engine error that says that a limit is reached, in brackets after a blank;
/// empty for others.
std::string advice_on_limits(int engine_error);

/// The engine's last error in its words, with advice where a limit may be the cause.
std::string last_engine_error();

}  // namespace arraymorph::store::s3
