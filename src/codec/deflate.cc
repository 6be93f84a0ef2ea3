// Deflate (filter 1): a zlib stream (RFC 1950), by libdeflate.
#include <libdeflate.h>

#include <array>

#include "codec/filter.h"
#include "codec/idle_pool.h"

namespace arraymorph::codec {
namespace {

constexpr unsigned kMaxLevel = 9;

// (De)compressors are large and costly to allocate for small chunks.
using Compressors = IdlePool<libdeflate_compressor, libdeflate_free_compressor>;
using Decompressors = IdlePool<libdeflate_decompressor, libdeflate_free_decompressor>;

Compressors& compressors(unsigned level) {
  static auto* pools = new std::array<Compressors, kMaxLevel + 1>;
  return (*pools)[level];
}

Decompressors& decompressors() {
  static auto* pool = new Decompressors;
  return *pool;
}

Status out_of_memory() { return {Code::internal, "deflate: out of memory"}; }

class Deflate final : public Filter {
 public:
  explicit Deflate(unsigned level) : level_(level) {}

  Result<std::size_t> encode(ConstByteSpan in, ByteSpan out) const override {
    const auto compressor = compressors(level_).take(
        [&] { return libdeflate_alloc_compressor(static_cast<int>(level_)); });
    if (compressor == nullptr) return out_of_memory();
    const std::size_t size =
        libdeflate_zlib_compress(compressor.get(), in.data(), in.size(), out.data(), out.size());
    if (size == 0) return Status(Code::internal, "deflate: output larger than its bound");
    return size;
  }

  Result<ConstByteSpan> decode(ConstByteSpan in, ByteSpan out) const override {
    const auto decompressor = decompressors().take([] { return libdeflate_alloc_decompressor(); });
    if (decompressor == nullptr) return out_of_memory();
    std::byte none{};  // libdeflate wants an address even for no bytes
    std::size_t size = 0;
    const libdeflate_result result =
        libdeflate_zlib_decompress(decompressor.get(), in.data(), in.size(),
                                   out.empty() ? &none : out.data(), out.size(), &size);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      return Status(Code::corrupt,
                    "deflate: more than the " + std::to_string(out.size()) + " bytes possible");
    }
    if (result != LIBDEFLATE_SUCCESS) {
      return Status(Code::corrupt, "deflate: stream damaged or cut off");
    }
    return ConstByteSpan(out.first(size));
  }

  // zlib's own conservative bound (deflateBound), which holds for any of its settings.
  std::size_t max_encoded(std::size_t size) const noexcept override {
    return size + size / 8 + size / 64 + 64;
  }

 private:
  unsigned level_;
};

}  // namespace

std::unique_ptr<const Filter> make_deflate(const FilterSpec& spec) {
  if (spec.parameters.empty() || spec.parameters[0] > kMaxLevel) return nullptr;
  return std::make_unique<Deflate>(spec.parameters[0]);
}

}  // namespace arraymorph::codec
