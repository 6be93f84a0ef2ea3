// Deflate (filter 1): a zlib stream (RFC 1950), by libdeflate.
#include <libdeflate.h>

#include <array>

#include "codec/block_codec.h"
#include "codec/filter.h"
#include "codec/idle_pool.h"

namespace arraymorph::codec {
namespace {

constexpr unsigned kMaxLevel = 9;

// (De)compressors are large and costly to allocate for small chunks.
using Compressors = IdlePool<libdeflate_compressor, libdeflate_free_compressor>;
using Decompressors = IdlePool<libdeflate_decompressor, libdeflate_free_decompressor>;

Compressors& compressors(int level) {
  static auto* pools = new std::array<Compressors, kMaxLevel + 1>;
  return (*pools)[static_cast<std::size_t>(level)];
}

Decompressors& decompressors() {
  static auto* pool = new Decompressors;
  return *pool;
}

// zlib's own conservative bound (deflateBound), which holds for any of its settings.
std::size_t bound(std::size_t size) { return size + size / 8 + size / 64 + 64; }

std::size_t compress(ConstByteSpan in, ByteSpan out, int level) {
  const auto compressor =
      compressors(level).take([&] { return libdeflate_alloc_compressor(level); });
  if (compressor == nullptr) return BlockCodec::kFailed;
  const std::size_t size =
      libdeflate_zlib_compress(compressor.get(), in.data(), in.size(), out.data(), out.size());
  return size == 0 ? BlockCodec::kFailed : size;
}

std::size_t decompress(ConstByteSpan in, ByteSpan out) {
  const auto decompressor = decompressors().take([] { return libdeflate_alloc_decompressor(); });
  if (decompressor == nullptr) return BlockCodec::kFailed;
  std::byte none{};  // libdeflate wants an address even for no bytes
  std::size_t size = 0;
  const libdeflate_result result =
      libdeflate_zlib_decompress(decompressor.get(), in.data(), in.size(),
                                 out.empty() ? &none : out.data(), out.size(), &size);
  return result == LIBDEFLATE_SUCCESS ? size : BlockCodec::kFailed;
}

constexpr BlockCodec kZlib{bound, compress, decompress};

class Deflate final : public Filter {
 public:
  explicit Deflate(int level) : level_(level) {}

  Result<std::size_t> encode(ConstByteSpan in, ByteSpan out) const override {
    const std::size_t size = compress(in, out, level_);
    if (size == BlockCodec::kFailed) return Status(Code::internal, "deflate: out of memory");
    return size;
  }

  Result<ConstByteSpan> decode(ConstByteSpan in, ByteSpan out) const override {
    const std::size_t size = decompress(in, out);
    if (size == BlockCodec::kFailed) {
      return Status(Code::corrupt, "deflate: stream damaged, cut off, or of more than the " +
                                       std::to_string(out.size()) + " bytes possible");
    }
    return ConstByteSpan(out.first(size));
  }

  std::size_t max_encoded(std::size_t size) const noexcept override { return bound(size); }

 private:
  int level_;
};

}  // namespace

const BlockCodec* zlib_blocks() { return &kZlib; }

std::unique_ptr<const Filter> make_deflate(const FilterSpec& spec) {
  if (spec.parameters.empty() || spec.parameters[0] > kMaxLevel) return nullptr;
  return std::make_unique<Deflate>(static_cast<int>(spec.parameters[0]));
}

}  // namespace arraymorph::codec
