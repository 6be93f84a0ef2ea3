// CRC-32C (Castagnoli), the checksum of the metadata object and of S3's x-amz-checksum-crc32c.
#pragma once

#include <cstdint>

#include "arraymorph/buffer.h"

namespace arraymorph {

/// `before`: of the bytes in front of these.
std::uint32_t crc32c(ConstByteSpan bytes, std::uint32_t before = 0) noexcept;

}  // namespace arraymorph
