// Fletcher32 (filter 3): a checksum in the last four bytes, as H5Zfletcher32.c computes it.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "codec/filter.h"

namespace arraymorph::codec {
namespace {

constexpr std::size_t kChecksumBytes = 4;
constexpr std::uint64_t kModulus = 65535;

// Sums run in kLanes columns, in vectors of 16 bytes (SSE2, NEON) in the compilers' own notation.
constexpr std::size_t kLanes = 16;
using Words [[gnu::vector_size(16)]] = std::uint16_t;
using Lanes [[gnu::vector_size(16)]] = std::uint32_t;
constexpr std::size_t kVectors = 4;  // of Lanes in a row

void add_words(Words words, Lanes& low, Lanes& high) {
  const Words zero{};
  if constexpr (std::endian::native == std::endian::little) {
    low += reinterpret_cast<Lanes>(__builtin_shufflevector(words, zero, 0, 8, 1, 9, 2, 10, 3, 11));
    high +=
        reinterpret_cast<Lanes>(__builtin_shufflevector(words, zero, 4, 12, 5, 13, 6, 14, 7, 15));
  } else {
    low += reinterpret_cast<Lanes>(__builtin_shufflevector(zero, words, 0, 8, 1, 9, 2, 10, 3, 11));
    high +=
        reinterpret_cast<Lanes>(__builtin_shufflevector(zero, words, 4, 12, 5, 13, 6, 14, 7, 15));
  }
}

// The most rows whose second sum cannot overflow 32 bits: 65535 * rows * (rows + 1) / 2 < 2^32.
constexpr std::size_t kRows = 360;

/// Of native 16-bit words: sum1 adds the words, sum2 adds every sum1. Modulo 65535, where 0 means
/// that all words are 0 and a multiple of 65535 is 65535: what HDF5's folding gives.
struct Sums {
  std::uint64_t sum1 = 0;
  std::uint64_t sum2 = 0;

  static std::uint64_t reduce(std::uint64_t sum) { return sum == 0 ? 0 : (sum - 1) % kModulus + 1; }

  void add(std::uint64_t word) {
    sum1 = reduce(sum1 + word);
    sum2 = reduce(sum2 + sum1);
  }

  void add_rows(const std::byte* from, std::size_t rows) {
    std::array<Lanes, kVectors> once{};      // per lane: sum of its words
    std::array<Lanes, kVectors> weighted{};  // and of each times the rows from it to the end
    for (std::size_t row = 0; row < rows; ++row, from += 2 * kLanes) {
      std::array<Words, kVectors / 2> words;
      std::memcpy(words.data(), from, sizeof words);
      add_words(words[0], once[0], once[1]);
      add_words(words[1], once[2], once[3]);
      for (std::size_t i = 0; i < kVectors; ++i) weighted[i] += once[i];
    }
    // A word counts once for itself and every word after it: kLanes per row, less those before it.
    std::uint64_t total = 0;
    std::uint64_t total2 = sum2 + sum1 * (rows * kLanes);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const std::uint64_t words = once[lane / 4][lane % 4];
      total += words;
      total2 += std::uint64_t{weighted[lane / 4][lane % 4]} * kLanes - words * lane;
    }
    sum1 = reduce(sum1 + total);
    sum2 = reduce(total2);
  }
};

// HDF5 sums big-endian words. Exchanging the bytes of a word is multiplying by 256 modulo 65535.
std::uint32_t to_big_endian(std::uint64_t sum) {
  if constexpr (std::endian::native == std::endian::little) sum = Sums::reduce(sum * 256);
  return static_cast<std::uint32_t>(sum);
}

std::uint32_t checksum(ConstByteSpan bytes) {
  Sums sums;
  const std::byte* at = bytes.data();
  std::size_t words = bytes.size() / 2;
  while (words >= kLanes) {
    const std::size_t rows = std::min(words / kLanes, kRows);
    sums.add_rows(at, rows);
    at += 2 * kLanes * rows;
    words -= kLanes * rows;
  }
  for (; words > 0; --words, at += 2) {
    std::uint16_t word = 0;
    std::memcpy(&word, at, sizeof word);
    sums.add(word);
  }
  if (bytes.size() % 2 != 0) {
    std::uint16_t word = 0;  // the last byte is the more significant one, which comes first
    std::memcpy(&word, at, 1);
    sums.add(word);
  }
  return to_big_endian(sums.sum2) << 16 | to_big_endian(sums.sum1);
}

// HDF5 before 1.6.3 stored each half with its bytes exchanged on little-endian machines.
std::uint32_t swap_halves(std::uint32_t sum) {
  return (sum & 0x00ff00ff) << 8 | (sum & 0xff00ff00) >> 8;
}

class Fletcher32 final : public Filter {
 public:
  Result<std::size_t> encode(ConstByteSpan in, ByteSpan out) const override {
    std::copy(in.begin(), in.end(), out.begin());
    const std::uint32_t sum = checksum(in);
    for (std::size_t i = 0; i < kChecksumBytes; ++i) {
      out[in.size() + i] = static_cast<std::byte>(sum >> (8 * i) & 0xff);
    }
    return in.size() + kChecksumBytes;
  }

  Result<ConstByteSpan> decode(ConstByteSpan in, ByteSpan out) const override {
    if (in.size() < kChecksumBytes) {
      return Status(Code::corrupt, "fletcher32 checksum is cut off");
    }
    const std::size_t size = in.size() - kChecksumBytes;
    if (size > out.size()) {
      return Status(Code::corrupt,
                    "fletcher32: more than the " + std::to_string(out.size()) + " bytes possible");
    }
    std::uint32_t stored = 0;
    for (std::size_t i = 0; i < kChecksumBytes; ++i) {
      stored |= std::to_integer<std::uint32_t>(in[size + i]) << (8 * i);
    }
    const std::uint32_t computed = checksum(in.first(size));
    if (stored != computed && stored != swap_halves(computed)) {
      return Status(Code::corrupt, "fletcher32 checksum mismatch");
    }
    return in.first(size);
  }

  std::size_t max_encoded(std::size_t size) const noexcept override {
    return size + kChecksumBytes;
  }
  bool fixed_size() const noexcept override { return true; }
};

}  // namespace

std::unique_ptr<const Filter> make_fletcher32() { return std::make_unique<Fletcher32>(); }

}  // namespace arraymorph::codec
