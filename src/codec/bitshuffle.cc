// Bitshuffle (filter 32008, bshuf_h5filter.c): bit k of every element of a block next to each
// other, then LZ4 or zstd of each block, or neither. With one of them: size (8 bytes), block size
// in bytes (4), then per block its stored size (4) and bytes, big-endian. Elements past the last
// multiple of eight stay as they are, at the end.
#include <algorithm>
#include <bit>

#include "codec/block_codec.h"
#include "codec/byte_order.h"
#include "codec/filter.h"
#include "codec/scratch.h"
#include "codec/transpose.h"

namespace arraymorph::codec {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kBlockHeader = 4;
constexpr std::size_t kMultiple = 8;  // of elements in a block
constexpr std::size_t kLargestBlock = std::size_t{1} << 30;

// The format fixes it: files do not say it when there is no compression.
std::size_t default_block(std::size_t element_size) {
  constexpr std::size_t kTargetBytes = 8192;
  constexpr std::size_t kLeast = 128;
  return std::max(kTargetBytes / element_size / kMultiple * kMultiple, kLeast);
}

Status damaged() { return {Code::corrupt, "bitshuffle: blocks damaged or cut off"}; }

struct Settings {
  std::size_t element = 1;            ///< bytes
  std::size_t block = 0;              ///< elements
  const BlockCodec* codec = nullptr;  ///< null: no compression
  int level = 0;
};

class Bitshuffle final : public Filter {
 public:
  explicit Bitshuffle(Settings settings) : set_(settings) {}

  Result<std::size_t> encode(ConstByteSpan in, ByteSpan out) const override {
    if (in.size() % set_.element != 0) return kSkipped;
    Scratch scratch;
    const std::size_t block = std::min(set_.block * set_.element, in.size());
    const ByteSpan bits = scratch.area(0, block);
    const ByteSpan work = scratch.area(1, block);
    std::size_t at = 0;
    if (set_.codec != nullptr) {
      write_big_endian(in.size(), out.first(8));
      write_big_endian(set_.block * set_.element, out.subspan(8, 4));
      at = kHeader;
    }
    for (std::size_t count = next(in, set_.block); count > 0; count = next(in, set_.block)) {
      const std::size_t bytes = count * set_.element;
      std::byte* to = set_.codec == nullptr ? out.data() + at : bits.data();
      scatter_bits(in.data(), to, work.data(), count, set_.element);
      if (set_.codec == nullptr) {
        at += bytes;
      } else {
        const std::size_t size =
            set_.codec->compress(bits.first(bytes), out.subspan(at + kBlockHeader), set_.level);
        if (size == BlockCodec::kFailed) return Status(Code::internal, "bitshuffle: out of memory");
        write_big_endian(size, out.subspan(at, kBlockHeader));
        at += kBlockHeader + size;
      }
      in = in.subspan(bytes);
    }
    std::copy(in.begin(), in.end(), out.data() + at);
    return at + in.size();
  }

  Result<ConstByteSpan> decode(ConstByteSpan in, ByteSpan out) const override {
    std::uint64_t total = in.size();
    std::size_t block = set_.block;
    if (set_.codec != nullptr) {
      if (in.size() < kHeader) return damaged();
      total = read_big_endian(in.first(8));
      block = read_big_endian(in.subspan(8, 4)) / set_.element;
      if (block == 0) block = default_block(set_.element);
      in = in.subspan(kHeader);
    }
    if (total > out.size()) {
      return Status(Code::corrupt,
                    "bitshuffle: more than the " + std::to_string(out.size()) + " bytes possible");
    }
    if (total % set_.element != 0 || block % kMultiple != 0) return damaged();
    out = out.first(total);
    if (!unshuffle(in, out, block)) return damaged();
    return ConstByteSpan(out);
  }

  std::size_t max_encoded(std::size_t size) const noexcept override {
    if (set_.codec == nullptr) return size;
    const std::size_t block = set_.block * set_.element;
    const std::size_t whole = size / block;
    return kHeader + whole * (kBlockHeader + set_.codec->bound(block)) + kBlockHeader +
           set_.codec->bound(size % block);
  }
  bool fixed_size() const noexcept override { return set_.codec == nullptr; }

 private:
  /// Elements of the block that `rest` starts with; 0 when too few are left for one.
  std::size_t next(ConstByteSpan rest, std::size_t block) const {
    return std::min(block, rest.size() / set_.element / kMultiple * kMultiple);
  }

  bool unshuffle(ConstByteSpan in, ByteSpan out, std::size_t block) const {
    Scratch scratch;
    const std::size_t most = next(out, block) * set_.element;
    const ByteSpan bits = scratch.area(0, most);
    const ByteSpan work = scratch.area(1, most);
    for (std::size_t count = next(out, block); count > 0; count = next(out, block)) {
      const std::size_t bytes = count * set_.element;
      std::size_t size = bytes;
      const std::byte* from = in.data();
      if (set_.codec != nullptr) {
        if (in.size() < kBlockHeader) return false;
        size = read_big_endian(in.first(kBlockHeader));
        in = in.subspan(kBlockHeader);
        if (size > in.size()) return false;
        if (set_.codec->decompress(in.first(size), bits.first(bytes)) != bytes) return false;
        from = bits.data();
      }
      gather_bits(from, out.data(), work.data(), count, set_.element);
      in = in.subspan(size);
      out = out.subspan(bytes);
    }
    if (in.size() < out.size()) return false;
    std::copy_n(in.begin(), out.size(), out.begin());
    return true;
  }

  Settings set_;
};

}  // namespace

// cd_values: version (2), element size, block size in elements (0: default), 0 / 2 / 3 for
// no compression / LZ4 / zstd, level of zstd.
std::unique_ptr<const Filter> make_bitshuffle(const FilterSpec& spec) {
  if constexpr (std::endian::native != std::endian::little) return nullptr;
  const auto parameter = [&](std::size_t i) -> std::size_t {
    return i < spec.parameters.size() ? spec.parameters[i] : 0;
  };
  Settings set;
  set.element = parameter(2);
  if (set.element == 0) return nullptr;
  set.block = parameter(3) != 0 ? parameter(3) : default_block(set.element);
  if (set.block % kMultiple != 0 || set.block > kLargestBlock / set.element) return nullptr;
  if (parameter(4) != 0) {
    if (parameter(4) == 2) set.codec = lz4_blocks();
    if (parameter(4) == 3) set.codec = zstd_blocks();
    if (set.codec == nullptr) return nullptr;
  }
  set.level = static_cast<int>(parameter(5));
  return std::make_unique<Bitshuffle>(set);
}

}  // namespace arraymorph::codec
