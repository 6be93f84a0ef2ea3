// Arithmetic of uploads in parts, the same for every store.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "arraymorph/status.h"

namespace arraymorph::store {

/// Parts of an object; an empty one has one, empty.
constexpr std::size_t count_parts(std::uint64_t size, std::uint64_t part_size) {
  return size == 0 ? 1 : static_cast<std::size_t>((size - 1) / part_size + 1);
}

constexpr std::uint64_t part_length(std::size_t number, std::uint64_t size,
                                    std::uint64_t part_size) {
  return std::min(part_size, size - number * part_size);
}

/// invalid_argument unless a body of `length` bytes is that part.
inline Status check_part(std::size_t number, std::size_t length, std::uint64_t size,
                         std::uint64_t part_size) {
  if (number < count_parts(size, part_size) && length == part_length(number, size, part_size)) {
    return {};
  }
  return {Code::invalid_argument, "part " + std::to_string(number) + " of " +
                                      std::to_string(length) + " bytes is none of an object of " +
                                      std::to_string(size) + " bytes in parts of " +
                                      std::to_string(part_size)};
}

/// invalid_argument unless `length` bytes from `offset` on lie in that part.
inline Status check_piece(std::size_t number, std::uint64_t offset, std::uint64_t length,
                          std::uint64_t size, std::uint64_t part_size) {
  if (number < count_parts(size, part_size)) {
    const std::uint64_t whole = part_length(number, size, part_size);
    if (offset <= whole && length <= whole - offset) return {};
  }
  return {Code::invalid_argument, std::to_string(length) + " bytes at " + std::to_string(offset) +
                                      " are not in part " + std::to_string(number) +
                                      " of an object of " + std::to_string(size) +
                                      " bytes in parts of " + std::to_string(part_size)};
}

}  // namespace arraymorph::store
