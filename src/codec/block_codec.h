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
  /// kFailed when `out` is too small. `level`: the library's own; of LZ4: its acceleration.
  std::size_t (*compress)(ConstByteSpan in, ByteSpan out, int level);
  /// kFailed when `in` is damaged or decodes to more than `out` holds.
  std::size_t (*decompress)(ConstByteSpan in, ByteSpan out);
};

/// zlib streams (RFC 1950), by libdeflate. Levels 0 to 9.
const BlockCodec* zlib_blocks();

// Null where ArrayMorph was built without the library:

/// The LZ4 block format, by liblz4; the second compresses harder, in the same format.
const BlockCodec* lz4_blocks();
const BlockCodec* lz4_hard_blocks();
/// zstd frames (RFC 8878), by libzstd.
const BlockCodec* zstd_blocks();

}  // namespace arraymorph::codec
