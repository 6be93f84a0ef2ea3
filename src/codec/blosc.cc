// Blosc (filter 32001, blosc_filter.c): the chunk format of c-blosc 1 (README_CHUNK_FORMAT.rst),
// with its compressors lz4, lz4hc, zlib and zstd. A header of 16 bytes, where each block starts (4
// bytes each), then per block its bytes shuffled and compressed, in one part or in one part per
// byte of an element; before each part its stored size (4). All little-endian. Own code over the
// libraries of the other filters: Debian's static c-blosc cannot be linked into a plugin.
#include <algorithm>
#include <bit>
#include <limits>

#include "codec/block_codec.h"
#include "codec/byte_order.h"
#include "codec/filter.h"
#include "codec/scratch.h"
#include "codec/transpose.h"

namespace arraymorph::codec {
namespace {

constexpr std::size_t kHeader = 16;
constexpr std::size_t kNumber = 4;
constexpr unsigned kVersion = 2;
constexpr std::size_t kLeastBuffer = 128;  // smaller ones are not compressed, nor parts split off
constexpr std::size_t kMostParts = 16;
constexpr std::size_t kLargestElement = 255;
constexpr unsigned kMostLevel = 9;

namespace flag {
constexpr unsigned kShuffled = 0x01;
constexpr unsigned kCopied = 0x02;
constexpr unsigned kBitshuffled = 0x04;
constexpr unsigned kUnknown = 0x08;
constexpr unsigned kNotSplit = 0x10;
constexpr unsigned kFormatShift = 5;
}  // namespace flag

enum class Format : unsigned { blosclz, lz4, snappy, zlib, zstd };

/// How parts are compressed; what cd_values[4] and [6] ask for.
struct Compressor {
  const BlockCodec* codec = nullptr;
  Format format = Format::lz4;
  int level = 0;
  bool large_blocks = false;  ///< slow ones gain from them
};

/// No codec: one that is left to libhdf5. `code` is Blosc's number, `level` 1 to 9.
Compressor make_compressor(std::size_t code, int level) {
  switch (code) {
    case 1:
      return {lz4_blocks(), Format::lz4, 10 - level, false};
    case 2:
      return {lz4_hard_blocks(), Format::lz4, level, true};
    case 4:
      return {zlib_blocks(), Format::zlib, level, true};
    case 5:
      return {zstd_blocks(), Format::zstd, level < 9 ? 2 * level - 1 : 22, true};
    default:
      return {};
  }
}

const BlockCodec* decoder(Format format) {
  switch (format) {
    case Format::lz4:
      return lz4_blocks();
    case Format::zlib:
      return zlib_blocks();
    case Format::zstd:
      return zstd_blocks();
    default:
      return nullptr;
  }
}

/// What the header says of the blocks.
struct Layout {
  unsigned flags = 0;
  std::size_t element = 1;
  std::size_t total = 0;  ///< decoded bytes
  std::size_t block = 0;  ///< bytes

  std::size_t blocks() const { return (total + block - 1) / block; }
  /// The last block, where it is shorter, is never split.
  std::size_t parts(std::size_t size) const {
    const bool split = (flags & flag::kNotSplit) == 0 && element <= kMostParts &&
                       block / element >= kLeastBuffer && size == block;
    return split ? element : 1;
  }
};

/// Memory for one block: filtered, and for the filter itself.
struct Work {
  explicit Work(std::size_t block) : bytes(scratch.area(0, block)), more(scratch.area(1, block)) {}
  Scratch scratch;
  ByteSpan bytes;
  ByteSpan more;
};

bool filters(const Layout& layout, std::size_t size) {
  if ((layout.flags & flag::kShuffled) != 0) return layout.element > 1;
  return (layout.flags & flag::kBitshuffled) != 0 && size >= layout.element;
}

/// One block through its filter, forward or back. What is left of an element stays, and so does a
/// block whose number of elements bitshuffle cannot do.
void filter(const Layout& layout, bool forward, ConstByteSpan in, ByteSpan out, ByteSpan work) {
  const std::size_t count = in.size() / layout.element;
  std::size_t done = count * layout.element;
  if ((layout.flags & flag::kShuffled) != 0) {
    (forward ? scatter_bytes : gather_bytes)(in.data(), out.data(), count, layout.element);
  } else if (count % 8 == 0) {
    (forward ? scatter_bits : gather_bits)(in.data(), out.data(), work.data(), count,
                                           layout.element);
  } else {
    done = 0;
  }
  std::copy(in.begin() + static_cast<std::ptrdiff_t>(done), in.end(),
            out.begin() + static_cast<std::ptrdiff_t>(done));
}

Status damaged() { return {Code::corrupt, "blosc: blocks damaged or cut off"}; }

class Blosc final : public Filter {
 public:
  Blosc(Compressor compressor, std::size_t element, unsigned level, unsigned flags)
      : compressor_(compressor), element_(element), level_(level), flags_(flags) {}

  Result<std::size_t> encode(ConstByteSpan in, ByteSpan out) const override {
    const Layout layout = layout_of(in.size());
    out = out.first(in.size());  // more is no gain
    if (level_ == 0 || in.size() < std::max(kLeastBuffer, element_) ||
        in.size() > std::numeric_limits<std::int32_t>::max() - kHeader ||
        kHeader + layout.blocks() * kNumber > out.size()) {
      return kSkipped;
    }
    Work work(layout.block);
    std::size_t at = kHeader + layout.blocks() * kNumber;
    for (std::size_t i = 0; i < layout.blocks(); ++i) {
      write_little_endian(at, out.subspan(kHeader + i * kNumber, kNumber));
      const std::size_t begin = i * layout.block;
      const ConstByteSpan block = in.subspan(begin, std::min(layout.block, in.size() - begin));
      at = encode_block(layout, block, out, at, work);
      if (at == kSkipped) return kSkipped;
    }
    out[0] = std::byte{kVersion};
    out[1] = std::byte{1};  // of the compressor's format
    out[2] = static_cast<std::byte>(layout.flags);
    out[3] = static_cast<std::byte>(element_);
    write_little_endian(in.size(), out.subspan(4, kNumber));
    write_little_endian(layout.block, out.subspan(8, kNumber));
    write_little_endian(at, out.subspan(12, kNumber));
    return at;
  }

  Result<ConstByteSpan> decode(ConstByteSpan in, ByteSpan out) const override {
    if (in.size() < kHeader || in[0] != std::byte{kVersion}) return damaged();
    Layout layout;
    layout.flags = std::to_integer<unsigned>(in[2]);
    layout.element = std::to_integer<std::size_t>(in[3]);
    layout.total = read_little_endian(in.subspan(4, kNumber));
    layout.block = read_little_endian(in.subspan(8, kNumber));
    const std::size_t stored = read_little_endian(in.subspan(12, kNumber));
    if (layout.total > out.size()) {
      return Status(Code::corrupt,
                    "blosc: more than the " + std::to_string(out.size()) + " bytes possible");
    }
    if (stored > in.size() || stored < kHeader || layout.element == 0) return damaged();
    in = in.first(stored);
    out = out.first(layout.total);
    if ((layout.flags & flag::kCopied) != 0) {
      if (stored != kHeader + layout.total) return damaged();
      std::copy(in.begin() + kHeader, in.end(), out.begin());
      return ConstByteSpan(out);
    }
    if (layout.total == 0) return ConstByteSpan(out);
    if ((layout.flags & flag::kUnknown) != 0 || layout.block == 0 || layout.block > layout.total ||
        layout.blocks() > (stored - kHeader) / kNumber) {
      return damaged();
    }
    const auto format = static_cast<Format>(layout.flags >> flag::kFormatShift);
    const BlockCodec* codec = decoder(format);
    if (codec == nullptr) {
      return Status(Code::corrupt, "blosc: damaged, or compressed with number " +
                                       std::to_string(static_cast<unsigned>(format)) +
                                       ", which is not the one its dataset was created with");
    }
    Work work(layout.block);
    for (std::size_t i = 0; i < layout.blocks(); ++i) {
      const std::size_t begin = i * layout.block;
      const ByteSpan block = out.subspan(begin, std::min(layout.block, layout.total - begin));
      const std::size_t at = read_little_endian(in.subspan(kHeader + i * kNumber, kNumber));
      if (!decode_block(layout, *codec, in, at, block, work)) return damaged();
    }
    return ConstByteSpan(out);
  }

  std::size_t max_encoded(std::size_t size) const noexcept override { return size + kHeader; }

 private:
  // Blosc's own rules (compute_blocksize), so that chunks come out as large as its own.
  Layout layout_of(std::size_t total) const {
    constexpr std::size_t kUnit = 32u << 10;
    constexpr std::size_t kSizes[kMostLevel + 1] = {1, 1, 2, 4, 8, 8, 16, 16, 16, 16};
    Layout layout{flags_, element_, total, total};
    if (total >= kUnit) {
      layout.block = kUnit / 2 * kSizes[level_];
      if (compressor_.large_blocks) layout.block *= level_ == kMostLevel ? 4 : 2;
    }
    // Since zstd came, chunks say whether they are split; older readers count on it for the others.
    if (compressor_.format == Format::zstd || element_ > kMostParts ||
        layout.block / element_ < kLeastBuffer) {
      layout.flags |= flag::kNotSplit;
    } else {
      constexpr std::size_t kLeast = 64u << 10;
      constexpr std::size_t kMost = 1u << 20;
      layout.block = std::clamp(std::min(layout.block, kMost / 4) * element_, kLeast, kMost);
    }
    layout.block = std::min(layout.block, total);
    if (layout.block > element_) layout.block -= layout.block % element_;
    return layout;
  }

  /// Where the next block goes, or kSkipped when `out` is full.
  std::size_t encode_block(const Layout& layout, ConstByteSpan block, ByteSpan out, std::size_t at,
                           Work& work) const {
    if (filters(layout, block.size())) {
      filter(layout, true, block, work.bytes, work.more);
      block = work.bytes.first(block.size());
    }
    const std::size_t parts = layout.parts(block.size());
    const std::size_t size = block.size() / parts;
    for (std::size_t i = 0; i < parts; ++i) {
      const ConstByteSpan part = block.subspan(i * size, size);
      if (out.size() - at <= kNumber) return kSkipped;
      const ByteSpan number = out.subspan(at, kNumber);
      const ByteSpan room = out.subspan(at + kNumber);
      // A part of its own size is one that is not compressed.
      std::size_t written = compressor_.codec->compress(
          part, room.first(std::min(room.size(), size - 1)), compressor_.level);
      if (written == BlockCodec::kFailed) {
        if (room.size() < size) return kSkipped;
        std::copy(part.begin(), part.end(), room.begin());
        written = size;
      }
      write_little_endian(written, number);
      at += kNumber + written;
    }
    return at;
  }

  static bool decode_block(const Layout& layout, const BlockCodec& codec, ConstByteSpan in,
                           std::size_t at, ByteSpan block, Work& work) {
    const bool filtered = filters(layout, block.size());
    const ByteSpan into = filtered ? work.bytes.first(block.size()) : block;
    const std::size_t parts = layout.parts(block.size());
    const std::size_t size = block.size() / parts;
    if (at > in.size()) return false;
    in = in.subspan(at);
    for (std::size_t i = 0; i < parts; ++i) {
      if (in.size() < kNumber) return false;
      const std::size_t stored = read_little_endian(in.first(kNumber));
      in = in.subspan(kNumber);
      if (stored > in.size()) return false;
      const ConstByteSpan from = in.first(stored);
      const ByteSpan to = into.subspan(i * size, size);
      if (stored == size) {
        std::copy(from.begin(), from.end(), to.begin());
      } else if (codec.decompress(from, to) != size) {
        return false;
      }
      in = in.subspan(stored);
    }
    if (parts * size != block.size()) return false;
    if (filtered) filter(layout, false, into, block, work.more);
    return true;
  }

  Compressor compressor_;
  std::size_t element_;
  unsigned level_;
  unsigned flags_;  ///< filter and format
};

}  // namespace

// cd_values: versions (2), element size, chunk size, level, 0 / 1 / 2 for no filter / shuffle /
// bitshuffle, compressor. Without the last three: Blosc's own defaults, whose compressor is
// blosclz.
std::unique_ptr<const Filter> make_blosc(const FilterSpec& spec) {
  if constexpr (std::endian::native != std::endian::little) return nullptr;
  if (spec.parameters.size() < 7) return nullptr;
  const std::size_t element = spec.parameters[2];
  const unsigned level = spec.parameters[4];
  const unsigned shuffle = spec.parameters[5];
  if (element == 0 || element > kLargestElement || level > kMostLevel || shuffle > 2) {
    return nullptr;
  }
  const Compressor compressor = make_compressor(spec.parameters[6], static_cast<int>(level));
  if (compressor.codec == nullptr) return nullptr;
  unsigned flags = static_cast<unsigned>(compressor.format) << flag::kFormatShift;
  if (shuffle == 1) flags |= flag::kShuffled;
  if (shuffle == 2) flags |= flag::kBitshuffled;
  return std::make_unique<Blosc>(compressor, element, level, flags);
}

}  // namespace arraymorph::codec
