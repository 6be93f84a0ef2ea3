// Object keys: what every store accepts.
#pragma once

#include <string_view>

#include "arraymorph/status.h"

namespace arraymorph::store {

/// Relative, '/'-separated, no empty, '.' or '..' segment, no NUL; else invalid_argument.
Status check_key(std::string_view key);

}  // namespace arraymorph::store
