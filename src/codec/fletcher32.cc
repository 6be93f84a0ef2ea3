// Fletcher32 (filter 3): a checksum in the last four bytes, as H5Zfletcher32.c computes it.
#include <algorithm>
#include <cstdint>

#include "codec/filter.h"

namespace arraymorph::codec {
namespace {

constexpr std::size_t kChecksumBytes = 4;
// The most 16-bit words whose second sum cannot overflow 32 bits.
constexpr std::size_t kWordsPerFold = 360;

std::uint32_t fold(std::uint32_t sum) { return (sum & 0xffff) + (sum >> 16); }

std::uint32_t checksum(ConstByteSpan bytes) {
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  std::uint32_t sum1 = 0;
  std::uint32_t sum2 = 0;
  const std::size_t words = bytes.size() / 2;
  for (std::size_t word = 0; word < words;) {
    const std::size_t end = std::min(words, word + kWordsPerFold);
    for (; word < end; ++word) {
      sum1 += at(2 * word) << 8 | at(2 * word + 1);
      sum2 += sum1;
    }
    sum1 = fold(sum1);
    sum2 = fold(sum2);
  }
  if (bytes.size() % 2 != 0) {
    sum1 += at(bytes.size() - 1) << 8;
    sum2 += sum1;
    sum1 = fold(sum1);
    sum2 = fold(sum2);
  }
  return fold(sum2) << 16 | fold(sum1);
}

// HDF5 before 1.6.3 stored each half with its bytes exchanged on little-endian machines.
std::uint32_t swap_halves(std::uint32_t sum) {
  return (sum & 0x00ff00ff) << 8 | (sum & 0xff00ff00) >> 8;
}

class Fletcher32 final : public Filter {
 public:
  Result<Buffer> encode(ConstByteSpan in) const override {
    Buffer out(in.size() + kChecksumBytes);
    std::copy(in.begin(), in.end(), out.data());
    const std::uint32_t sum = checksum(in);
    for (std::size_t i = 0; i < kChecksumBytes; ++i) {
      out.data()[in.size() + i] = static_cast<std::byte>(sum >> (8 * i) & 0xff);
    }
    return out;
  }

  Result<Buffer> decode(Buffer in, std::size_t) const override {
    if (in.size() < kChecksumBytes) {
      return Status(Code::corrupt, "fletcher32 checksum is cut off");
    }
    const std::size_t size = in.size() - kChecksumBytes;
    std::uint32_t stored = 0;
    for (std::size_t i = 0; i < kChecksumBytes; ++i) {
      stored |= std::to_integer<std::uint32_t>(in.data()[size + i]) << (8 * i);
    }
    const std::uint32_t computed = checksum({in.data(), size});
    if (stored != computed && stored != swap_halves(computed)) {
      return Status(Code::corrupt, "fletcher32 checksum mismatch");
    }
    in.shrink(size);
    return in;
  }

  std::size_t max_encoded(std::size_t size) const noexcept override {
    return size + kChecksumBytes;
  }
};

}  // namespace

std::unique_ptr<const Filter> make_fletcher32() { return std::make_unique<Fletcher32>(); }

}  // namespace arraymorph::codec
