// The SHA-256 that signs a request body (AWS Signature Version 4).
#pragma once

#include <string>

#include "arraymorph/buffer.h"

namespace arraymorph::store::s3 {

/// 64 hexadecimal digits.
std::string payload_hash(ConstByteSpan body);

}  // namespace arraymorph::store::s3
