#include "codec/block_codec.h"

#if ARRAYMORPH_HAVE_ZSTD
#include <zstd.h>

#include <algorithm>

#include "codec/idle_pool.h"

namespace arraymorph::codec {
namespace {

void free_compressor(ZSTD_CCtx* context) { ZSTD_freeCCtx(context); }
void free_decompressor(ZSTD_DCtx* context) { ZSTD_freeDCtx(context); }
using Compressors = IdlePool<ZSTD_CCtx, free_compressor>;
using Decompressors = IdlePool<ZSTD_DCtx, free_decompressor>;

// The highest levels take hundreds of megabytes: too much to keep.
constexpr std::size_t kKeptContext = 16u << 20;

std::size_t bound(std::size_t size) { return ZSTD_compressBound(size); }

std::size_t compress(ConstByteSpan in, ByteSpan out, int level) {
  static auto* pool = new Compressors;
  auto context = pool->take(ZSTD_createCCtx);
  if (context == nullptr) return BlockCodec::kFailed;
  level = std::clamp(level, ZSTD_minCLevel(), ZSTD_maxCLevel());
  const std::size_t size =
      ZSTD_compressCCtx(context.get(), out.data(), out.size(), in.data(), in.size(), level);
  if (ZSTD_sizeof_CCtx(context.get()) > kKeptContext) free_compressor(context.release());
  return ZSTD_isError(size) != 0 ? BlockCodec::kFailed : size;
}

std::size_t decompress(ConstByteSpan in, ByteSpan out) {
  static auto* pool = new Decompressors;
  const auto context = pool->take(ZSTD_createDCtx);
  if (context == nullptr) return BlockCodec::kFailed;
  const std::size_t size =
      ZSTD_decompressDCtx(context.get(), out.data(), out.size(), in.data(), in.size());
  return ZSTD_isError(size) != 0 ? BlockCodec::kFailed : size;
}

constexpr BlockCodec kZstd{bound, compress, decompress};

}  // namespace

const BlockCodec* zstd_blocks() { return &kZstd; }

}  // namespace arraymorph::codec
#else
namespace arraymorph::codec {
const BlockCodec* zstd_blocks() { return nullptr; }
}  // namespace arraymorph::codec
#endif
