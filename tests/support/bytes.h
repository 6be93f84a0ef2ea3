// Between text and the bodies of requests.
#pragma once

#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "arraymorph/buffer.h"

namespace arraymorph::test {

inline std::shared_ptr<const Buffer> bytes(std::string_view text) {
  return std::make_shared<const Buffer>(
      Buffer::copy_of({reinterpret_cast<const std::byte*>(text.data()), text.size()}));
}

inline ConstByteSpan span_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// The same for the same `seed`.
inline std::string noise(std::size_t size, unsigned seed) {
  std::minstd_rand random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

inline std::string text(const Buffer& buffer) {
  return {reinterpret_cast<const char*>(buffer.data()), buffer.size()};
}

}  // namespace arraymorph::test
