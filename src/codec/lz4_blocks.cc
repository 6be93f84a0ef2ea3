#include "codec/block_codec.h"

#if ARRAYMORPH_HAVE_LZ4
#include <lz4.h>

namespace arraymorph::codec {
namespace {

bool too_large(std::size_t size) { return size > LZ4_MAX_INPUT_SIZE; }

std::size_t bound(std::size_t size) { return size + size / 255 + 16; }

std::size_t compress(ConstByteSpan in, ByteSpan out, int) {
  if (too_large(in.size()) || too_large(out.size())) return BlockCodec::kFailed;
  const int size = LZ4_compress_default(reinterpret_cast<const char*>(in.data()),
                                        reinterpret_cast<char*>(out.data()),
                                        static_cast<int>(in.size()), static_cast<int>(out.size()));
  return size > 0 ? static_cast<std::size_t>(size) : BlockCodec::kFailed;
}

std::size_t decompress(ConstByteSpan in, ByteSpan out) {
  if (too_large(in.size()) || too_large(out.size())) return BlockCodec::kFailed;
  const int size = LZ4_decompress_safe(reinterpret_cast<const char*>(in.data()),
                                       reinterpret_cast<char*>(out.data()),
                                       static_cast<int>(in.size()), static_cast<int>(out.size()));
  return size >= 0 ? static_cast<std::size_t>(size) : BlockCodec::kFailed;
}

constexpr BlockCodec kLz4{bound, compress, decompress};

}  // namespace

const BlockCodec* lz4_blocks() { return &kLz4; }

}  // namespace arraymorph::codec
#else
namespace arraymorph::codec {
const BlockCodec* lz4_blocks() { return nullptr; }
}  // namespace arraymorph::codec
#endif
