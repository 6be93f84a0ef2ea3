// Answers of the C interface: JSON or a message, in memory that arraymorph_free releases.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <nlohmann/json.hpp>
#include <string>

#include "arraymorph/status.h"

namespace arraymorph::vol {

/// Keys may hold any bytes: those that are not UTF-8 are replaced.
inline std::string text_of(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

inline int give(char** answer, const std::string& text, int error) {
  *answer = static_cast<char*>(std::malloc(text.size() + 1));
  if (*answer == nullptr) return ENOMEM;
  std::memcpy(*answer, text.c_str(), text.size() + 1);
  return error;
}

/// Runs `work`, which gives a Result<std::string>, at the edge to C: nothing is thrown through it.
template <class Work>
int answer_with(char** answer, const Work& work) {
  *answer = nullptr;
  try {
    const Result<std::string> result = work();
    if (result.ok()) return give(answer, *result, 0);
    const bool conflict = result.status().code() == Code::conflict;
    return give(answer, result.status().message(),
                conflict ? EBUSY : code_errno(result.status().code()));
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  } catch (const std::exception& error) {
    return give(answer, error.what(), EIO);
  }
}

}  // namespace arraymorph::vol
