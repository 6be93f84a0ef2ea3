// Whether an answer of success is the one to what was asked: lengths and ranges are claims.
#pragma once

#include <optional>

#include "store/s3/errors.h"
#include "store/s3/request.h"

namespace arraymorph::store::s3 {

/// What is wrong with the headers of a success, before its body comes.
std::optional<Verdict> check_headers(const Request& request, const Target& target);

/// What is wrong with the whole answer of a success.
std::optional<Verdict> check_answer(const Request& request, const Target& target);

}  // namespace arraymorph::store::s3
