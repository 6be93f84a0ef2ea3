// Values of settings, as people write them.
#pragma once

#include <strings.h>

#include <string>
#include <string_view>

#include "arraymorph/status.h"

namespace arraymorph {

inline bool equal_any_case(std::string_view text, std::string_view name) {
  return text.size() == name.size() && strncasecmp(text.data(), name.data(), name.size()) == 0;
}

/// invalid_argument that says what was read and what may stand there.
inline Status refuse(std::string_view name, std::string_view value, std::string_view allowed) {
  return Status(Code::invalid_argument, std::string(name) + "=" + std::string(value) +
                                            " is not understood; allowed: " + std::string(allowed));
}

/// true, 1, yes, on, false, 0, no, off in any case. Errors: invalid_argument.
inline Result<bool> parse_flag(std::string_view name, std::string_view text) {
  for (const char* yes : {"true", "1", "yes", "on"}) {
    if (equal_any_case(text, yes)) return true;
  }
  for (const char* no : {"false", "0", "no", "off"}) {
    if (equal_any_case(text, no)) return false;
  }
  return refuse(name, text, "true, false");
}

}  // namespace arraymorph
