#include "codec/block_codec.h"

#if ARRAYMORPH_HAVE_LZ4
#include <lz4.h>
#include <lz4hc.h>

namespace arraymorph::codec {
namespace {

bool too_large(std::size_t size) { return size > LZ4_MAX_INPUT_SIZE; }

std::size_t bound(std::size_t size) { return size + size / 255 + 16; }

using Function = int (*)(const char*, char*, int, int, int);

template <Function kCompress>
std::size_t compress(ConstByteSpan in, ByteSpan out, int level) {
  if (too_large(in.size()) || too_large(out.size())) return BlockCodec::kFailed;
  const int size =
      kCompress(reinterpret_cast<const char*>(in.data()), reinterpret_cast<char*>(out.data()),
                static_cast<int>(in.size()), static_cast<int>(out.size()), level);
  return size > 0 ? static_cast<std::size_t>(size) : BlockCodec::kFailed;
}

std::size_t decompress(ConstByteSpan in, ByteSpan out) {
  if (too_large(in.size()) || too_large(out.size())) return BlockCodec::kFailed;
  const int size = LZ4_decompress_safe(reinterpret_cast<const char*>(in.data()),
                                       reinterpret_cast<char*>(out.data()),
                                       static_cast<int>(in.size()), static_cast<int>(out.size()));
  return size >= 0 ? static_cast<std::size_t>(size) : BlockCodec::kFailed;
}

constexpr BlockCodec kLz4{bound, compress<LZ4_compress_fast>, decompress};
constexpr BlockCodec kLz4Hard{bound, compress<LZ4_compress_HC>, decompress};

}  // namespace

const BlockCodec* lz4_blocks() { return &kLz4; }
const BlockCodec* lz4_hard_blocks() { return &kLz4Hard; }

}  // namespace arraymorph::codec
#else
namespace arraymorph::codec {
const BlockCodec* lz4_blocks() { return nullptr; }
const BlockCodec* lz4_hard_blocks() { return nullptr; }
}  // namespace arraymorph::codec
#endif
