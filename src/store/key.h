// Object keys: what every store accepts.
#pragma once

#include <string>
#include <string_view>

#include "arraymorph/status.h"

namespace arraymorph::store {

/// Relative, '/'-separated, no empty, '.' or '..' segment, no NUL; else invalid_argument.
Status check_key(std::string_view key);

/// The URL of `key` in the store whose root is `root`, for people: of a file on a web server without
/// its query, which may hold secrets.
std::string shown_url(const std::string& root, std::string_view key);

}  // namespace arraymorph::store
