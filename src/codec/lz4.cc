// LZ4 (filter 32004, H5Zlz4.c): size (8 bytes), block size (4), then per block its stored size (4)
// and an LZ4 block, or the bytes as they are where that would not be smaller. All big-endian.
#include <algorithm>
#include <limits>

#include "codec/block_codec.h"
#include "codec/byte_order.h"
#include "codec/filter.h"

namespace arraymorph::codec {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kBlockHeader = 4;
constexpr std::size_t kDefaultBlock = std::size_t{1} << 30;

Status damaged() { return {Code::corrupt, "lz4: blocks damaged or cut off"}; }

class Lz4 final : public Filter {
 public:
  Lz4(const BlockCodec& codec, std::size_t block) : codec_(codec), block_(block) {}

  Result<std::size_t> encode(ConstByteSpan in, ByteSpan out) const override {
    if (in.size() > std::numeric_limits<std::int32_t>::max()) return kSkipped;
    const std::size_t block = std::min(block_, in.size());
    write_big_endian(in.size(), out.first(8));
    write_big_endian(block, out.subspan(8, 4));
    std::size_t at = kHeader;
    while (!in.empty()) {
      const ConstByteSpan from = in.first(std::min(block, in.size()));
      const ByteSpan to = out.subspan(at + kBlockHeader, from.size());
      std::size_t size = codec_.compress(from, to.first(from.size() - 1), 0);
      if (size == BlockCodec::kFailed) {
        std::copy(from.begin(), from.end(), to.begin());
        size = from.size();
      }
      write_big_endian(size, out.subspan(at, kBlockHeader));
      at += kBlockHeader + size;
      in = in.subspan(from.size());
    }
    return at;
  }

  Result<ConstByteSpan> decode(ConstByteSpan in, ByteSpan out) const override {
    if (in.size() < kHeader) return damaged();
    const std::uint64_t total = read_big_endian(in.first(8));
    const std::uint64_t block = std::min(total, read_big_endian(in.subspan(8, 4)));
    if (total > out.size()) {
      return Status(Code::corrupt,
                    "lz4: more than the " + std::to_string(out.size()) + " bytes possible");
    }
    if (total > 0 && block == 0) return damaged();
    in = in.subspan(kHeader);
    for (std::size_t done = 0; done < total;) {
      const ByteSpan to = out.subspan(done, std::min<std::size_t>(block, total - done));
      if (in.size() < kBlockHeader) return damaged();
      const std::size_t size = read_big_endian(in.first(kBlockHeader));
      in = in.subspan(kBlockHeader);
      if (size > in.size()) return damaged();
      const ConstByteSpan from = in.first(size);
      if (size == to.size()) {
        std::copy(from.begin(), from.end(), to.begin());
      } else if (codec_.decompress(from, to) != to.size()) {
        return damaged();
      }
      in = in.subspan(size);
      done += to.size();
    }
    return ConstByteSpan(out.first(total));
  }

  std::size_t max_encoded(std::size_t size) const noexcept override {
    return kHeader + size + (size / block_ + 1) * kBlockHeader;
  }

 private:
  const BlockCodec& codec_;
  std::size_t block_;
};

}  // namespace

std::unique_ptr<const Filter> make_lz4(const FilterSpec& spec) {
  if (lz4_blocks() == nullptr) return nullptr;
  std::size_t block = spec.parameters.empty() ? 0 : spec.parameters[0];
  if (block == 0) block = kDefaultBlock;
  return std::make_unique<Lz4>(*lz4_blocks(), block);
}

}  // namespace arraymorph::codec
