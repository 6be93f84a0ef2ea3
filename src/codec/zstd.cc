// Zstandard (filter 32015, H5Zzstd.c): one zstd frame.
#include "codec/block_codec.h"
#include "codec/filter.h"

namespace arraymorph::codec {
namespace {

constexpr int kDefaultLevel = 3;

class Zstd final : public Filter {
 public:
  Zstd(const BlockCodec& codec, int level) : codec_(codec), level_(level) {}

  Result<std::size_t> encode(ConstByteSpan in, ByteSpan out) const override {
    const std::size_t size = codec_.compress(in, out, level_);
    if (size == BlockCodec::kFailed) return Status(Code::internal, "zstd: out of memory");
    return size;
  }

  Result<ConstByteSpan> decode(ConstByteSpan in, ByteSpan out) const override {
    const std::size_t size = codec_.decompress(in, out);
    if (size == BlockCodec::kFailed) {
      return Status(Code::corrupt, "zstd: frame damaged, cut off, or of more than the " +
                                       std::to_string(out.size()) + " bytes possible");
    }
    return ConstByteSpan(out.first(size));
  }

  // Room for writers that end a block early or add a checksum.
  std::size_t max_encoded(std::size_t size) const noexcept override {
    return codec_.bound(size) + size / 64 + 64;
  }

 private:
  const BlockCodec& codec_;
  int level_;
};

}  // namespace

std::unique_ptr<const Filter> make_zstd(const FilterSpec& spec) {
  if (zstd_blocks() == nullptr) return nullptr;
  const int level = spec.parameters.empty() ? kDefaultLevel : static_cast<int>(spec.parameters[0]);
  return std::make_unique<Zstd>(*zstd_blocks(), level);
}

}  // namespace arraymorph::codec
