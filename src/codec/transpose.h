// Transposition of bytes and bits: what shuffle and bitshuffle do.
#pragma once

#include <cstddef>

namespace arraymorph::codec {

/// Byte k of element i goes from in[i * size + k] to out[k * count + i]. No overlap.
void scatter_bytes(const std::byte* in, std::byte* out, std::size_t count, std::size_t size);

/// The reverse: from in[k * count + i] to out[i * size + k].
void gather_bytes(const std::byte* in, std::byte* out, std::size_t count, std::size_t size);

/// Bit b of byte k of element i goes to bit i % 8 of out[(k * 8 + b) * count / 8 + i / 8]. `count`
/// is a multiple of 8, `work` has room for count * size bytes; no overlap. Little-endian machines.
void scatter_bits(const std::byte* in, std::byte* out, std::byte* work, std::size_t count,
                  std::size_t size);

/// The reverse.
void gather_bits(const std::byte* in, std::byte* out, std::byte* work, std::size_t count,
                 std::size_t size);

}  // namespace arraymorph::codec
