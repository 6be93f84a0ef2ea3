// LZF (filter 32000, h5py's compression="lzf"), the format of liblzf: a control byte below 32 says
// how many bytes less one follow as they are; any other says how far back (13 bits, less one) and
// how many bytes (less two) to repeat. Own code: 100 lines, and liblzf has no static library in
// distributions.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "codec/filter.h"

namespace arraymorph::codec {
namespace {

constexpr std::size_t kMostLiterals = 32;
constexpr std::size_t kWindow = 1u << 13;
constexpr std::size_t kLeastMatch = 3;
constexpr std::size_t kMostMatch = 264;
constexpr std::size_t kLongMatch = 7;  // in the control byte: one more byte of length follows

std::byte byte_of(std::size_t value) { return static_cast<std::byte>(value & 0xff); }

/// Writes runs and matches to the front of `out`; false once there is no room.
class Writer {
 public:
  explicit Writer(ByteSpan out) : out_(out) {}

  bool literals(ConstByteSpan run) {
    const std::size_t controls = (run.size() + kMostLiterals - 1) / kMostLiterals;
    if (run.size() + controls > out_.size() - size_) return false;
    while (!run.empty()) {
      const std::size_t count = std::min(run.size(), kMostLiterals);
      out_[size_++] = byte_of(count - 1);
      std::memcpy(out_.data() + size_, run.data(), count);
      size_ += count;
      run = run.subspan(count);
    }
    return true;
  }

  bool match(std::size_t distance, std::size_t length) {
    if (out_.size() - size_ < 3) return false;
    const std::size_t back = distance - 1;
    const std::size_t count = length - 2;
    out_[size_++] = byte_of(std::min(count, kLongMatch) << 5 | back >> 8);
    if (count >= kLongMatch) out_[size_++] = byte_of(count - kLongMatch);
    out_[size_++] = byte_of(back);
    return true;
  }

  std::size_t size() const { return size_; }

 private:
  ByteSpan out_;
  std::size_t size_ = 0;
};

/// Where the last three bytes with each hash began.
class Recent {
 public:
  /// The place before `at` with the same hash, or `at` when there is none; remembers `at`.
  std::size_t exchange(const std::byte* in, std::size_t at) {
    const auto value = [&](std::size_t i) { return std::to_integer<std::uint32_t>(in[at + i]); };
    const std::uint32_t three = value(0) << 16 | value(1) << 8 | value(2);
    std::uint32_t& slot = places_[three * 2654435761u >> (32 - kBits)];
    const std::uint32_t before = slot;
    slot = static_cast<std::uint32_t>(at + 1);
    return before == 0 ? at : before - 1;
  }

 private:
  static constexpr unsigned kBits = 14;
  std::array<std::uint32_t, 1u << kBits> places_{};
};

std::size_t compress(ConstByteSpan in, ByteSpan out) {
  Writer writer(out);
  Recent recent;
  std::size_t begin = 0;  // of the bytes not written yet
  std::size_t at = 0;
  while (at + kLeastMatch <= in.size()) {
    const std::size_t before = recent.exchange(in.data(), at);
    const std::size_t distance = at - before;
    if (distance == 0 || distance > kWindow ||
        std::memcmp(in.data() + before, in.data() + at, kLeastMatch) != 0) {
      ++at;
      continue;
    }
    const std::size_t most = std::min(in.size() - at, kMostMatch);
    std::size_t length = kLeastMatch;
    while (length < most && in[before + length] == in[at + length]) ++length;
    if (!writer.literals(in.subspan(begin, at - begin)) || !writer.match(distance, length)) {
      return Filter::kSkipped;
    }
    begin = at + length;
    // The places inside a match are worth finding; a few of them are nearly as good as all.
    for (std::size_t i = std::max(at + 1, begin - 2); i < begin; ++i) {
      if (i + kLeastMatch <= in.size()) recent.exchange(in.data(), i);
    }
    at = begin;
  }
  return writer.literals(in.subspan(begin)) ? writer.size() : Filter::kSkipped;
}

/// Bytes written, or kSkipped when `in` is damaged or makes more than `out` holds.
std::size_t decompress(ConstByteSpan in, ByteSpan out) {
  std::size_t from = 0;
  std::size_t to = 0;
  const auto next = [&] { return std::to_integer<std::size_t>(in[from++]); };
  while (from < in.size()) {
    const std::size_t control = next();
    if (control < kMostLiterals) {
      const std::size_t count = control + 1;
      if (count > in.size() - from || count > out.size() - to) return Filter::kSkipped;
      std::memcpy(out.data() + to, in.data() + from, count);
      from += count;
      to += count;
      continue;
    }
    std::size_t count = control >> 5;
    if (in.size() - from < (count == kLongMatch ? 2u : 1u)) return Filter::kSkipped;
    if (count == kLongMatch) count += next();
    count += 2;
    const std::size_t distance = ((control & 31) << 8 | next()) + 1;
    if (distance > to || count > out.size() - to) return Filter::kSkipped;
    std::byte* target = out.data() + to;
    if (distance >= count) {
      std::memcpy(target, target - distance, count);
    } else {
      for (std::size_t i = 0; i < count; ++i) target[i] = *(target + i - distance);
    }
    to += count;
  }
  return to;
}

class Lzf final : public Filter {
 public:
  Result<std::size_t> encode(ConstByteSpan in, ByteSpan out) const override {
    if (in.size() >= UINT32_MAX) return kSkipped;
    return compress(in, out.first(in.size()));
  }

  Result<ConstByteSpan> decode(ConstByteSpan in, ByteSpan out) const override {
    const std::size_t size = decompress(in, out);
    if (size == kSkipped) {
      return Status(Code::corrupt, "lzf: damaged, cut off, or of more than the " +
                                       std::to_string(out.size()) + " bytes possible");
    }
    return ConstByteSpan(out.first(size));
  }

  std::size_t max_encoded(std::size_t size) const noexcept override {
    return size + size / kMostLiterals + 1;
  }
};

}  // namespace

std::unique_ptr<const Filter> make_lzf() { return std::make_unique<Lzf>(); }

}  // namespace arraymorph::codec
