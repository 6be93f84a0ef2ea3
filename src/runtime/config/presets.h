// How many connections, event loops and codec threads there are to be.
#pragma once

#include "runtime/config.h"

namespace arraymorph::config {

/// The source of numbers that nobody has asked for.
constexpr const char* kAutomatic = "automatic";

/// Of ARRAYMORPH_PRESET, then ARRAYMORPH_CONNECTIONS, ARRAYMORPH_EVENT_LOOPS and
/// ARRAYMORPH_CODEC_THREADS. Errors: invalid_argument.
Status read_speed(Config& config);

}  // namespace arraymorph::config
