// BlockCodec: a compressor of single blocks, which the formats of several filters are made of.
#pragma once

#include <cstddef>

#include "arraymorph/buffer.h"

namespace arraymorph::codec {

/// Any thread, any time. What a call returns is a number of bytes, or kFailed.
struct BlockCodec {
  static constexpr std::size_t kFailed = static_cast<std::size_t>(-1);

  /// The most bytes `compress` makes of `size` bytes.
  std::size_t (*bound)(std::size_t size);
  /// kFailed when `out` is too small. `level`: of zstd; LZ4 has one.
  std::size_t (*compress)(ConstByteSpan in, ByteSpan out, int level);
  /// kFailed when `in` is damaged or decodes to more than `out` holds.
  std::size_t (*decompress)(ConstByteSpan in, ByteSpan out);
};

/// Null where ArrayMorph was built without the library.
const BlockCodec* lz4_blocks();   // the LZ4 block format, by liblz4
const BlockCodec* zstd_blocks();  // zstd frames (RFC 8878), by libzstd

}  // namespace arraymorph::codec
