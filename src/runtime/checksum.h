// Checksums: of the metadata object, of chunks, of request bodies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "arraymorph/buffer.h"

namespace arraymorph {

/// CRC-32C (Castagnoli), that of S3's x-amz-checksum-crc32c. `before`: of the bytes in front of
/// these.
std::uint32_t crc32c(ConstByteSpan bytes, std::uint32_t before = 0) noexcept;

/// Of bytes with the CRC-32C `first` followed by `length` more: with the CRC-32C `second`, or
/// zeros.
std::uint32_t crc32c_joined(std::uint32_t first, std::uint32_t second,
                            std::uint64_t length) noexcept;
std::uint32_t crc32c_zeros(std::uint32_t first, std::uint64_t length) noexcept;

/// 64 and 32 hexadecimal digits, lower case. md5_hex is empty where the cryptographic library
/// refuses MD5.
std::string sha256_hex(ConstByteSpan bytes);
std::string md5_hex(ConstByteSpan bytes);

/// A CRC-32C as the 8 hexadecimal digits that stores keep, and back; nothing where `text` is not
/// such.
std::string checksum_text(std::uint32_t checksum);
std::optional<std::uint32_t> parse_checksum(std::string_view text);
/// As S3's x-amz-checksum-crc32c has it: base64 of its bytes, most significant first.
std::string checksum_base64(std::uint32_t checksum);

}  // namespace arraymorph
