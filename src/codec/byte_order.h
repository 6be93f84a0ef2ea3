// Numbers inside stored chunks, in the byte order of their format.
#pragma once

#include <cstddef>
#include <cstdint>

#include "arraymorph/buffer.h"

namespace arraymorph::codec {

/// The number in all of `bytes`, at most eight.
inline std::uint64_t read_big_endian(ConstByteSpan bytes) {
  std::uint64_t value = 0;
  for (const std::byte byte : bytes) value = value << 8 | std::to_integer<std::uint64_t>(byte);
  return value;
}

inline std::uint64_t read_little_endian(ConstByteSpan bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  }
  return value;
}

/// Fills all of `bytes`.
inline void write_big_endian(std::uint64_t value, ByteSpan bytes) {
  for (std::size_t i = bytes.size(); i-- > 0; value >>= 8) {
    bytes[i] = static_cast<std::byte>(value & 0xff);
  }
}

inline void write_little_endian(std::uint64_t value, ByteSpan bytes) {
  for (std::byte& byte : bytes) {
    byte = static_cast<std::byte>(value & 0xff);
    value >>= 8;
  }
}

}  // namespace arraymorph::codec
