// Attempts that got no answer, or one whose details the engine keeps to itself.
#pragma once

#include "store/s3/errors.h"

namespace arraymorph::store::s3 {

/// `failure.http_status` is 0.
Verdict judge_transport(const Request& request, const Failure& failure, const Target& target);

}  // namespace arraymorph::store::s3
