#include "vfd/image.h"

#include <algorithm>
#include <array>
#include <bit>

namespace arraymorph::vfd {
namespace {

constexpr std::array<unsigned char, 8> kSignature = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

// Positions in a superblock: its version, then the size of addresses and the consistency flags
// (four bytes) of versions 0 and 1, then the size of addresses and the flags of versions 2 and 3.
constexpr std::size_t kVersion = 8, kOldOffsetSize = 13, kOldFlags = 20, kOffsetSize = 9,
                      kFlags = 11;

std::uint32_t load32(const std::byte* p) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = (value << 8) | std::to_integer<std::uint32_t>(p[i]);
  return value;
}

void store32(std::byte* p, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) p[i] = static_cast<std::byte>(value >> (8 * i));
}

// Jenkins' lookup3 "hashlittle", the checksum of HDF5's metadata (H5checksum.c), for any length.
std::uint32_t lookup3(const std::byte* key, std::size_t length) {
  std::uint32_t a = 0xdeadbeef + static_cast<std::uint32_t>(length);
  std::uint32_t b = a;
  std::uint32_t c = a;
  const auto mix = [&] {
    a -= c, a ^= std::rotl(c, 4), c += b;
    b -= a, b ^= std::rotl(a, 6), a += c;
    c -= b, c ^= std::rotl(b, 8), b += a;
    a -= c, a ^= std::rotl(c, 16), c += b;
    b -= a, b ^= std::rotl(a, 19), a += c;
    c -= b, c ^= std::rotl(b, 4), b += a;
  };
  while (length > 12) {
    a += load32(key), b += load32(key + 4), c += load32(key + 8);
    mix();
    key += 12, length -= 12;
  }
  if (length == 0) return c;
  std::array<std::byte, 12> rest{};
  std::copy_n(key, length, rest.begin());
  a += load32(rest.data()), b += load32(rest.data() + 4), c += load32(rest.data() + 8);
  c ^= b, c -= std::rotl(b, 14);
  a ^= c, a -= std::rotl(c, 11);
  b ^= a, b -= std::rotl(a, 25);
  c ^= b, c -= std::rotl(b, 16);
  a ^= c, a -= std::rotl(c, 4);
  b ^= a, b -= std::rotl(a, 14);
  c ^= b, c -= std::rotl(b, 24);
  return c;
}

// Where the superblock lies: at 0, or after a user block of 512, 1024, 2048, ... bytes.
std::size_t superblock_offset(ConstByteSpan bytes) {
  for (std::size_t at = 0; at + 48 <= bytes.size(); at = at == 0 ? 512 : at * 2) {
    if (std::memcmp(bytes.data() + at, kSignature.data(), kSignature.size()) == 0) return at;
  }
  return bytes.size();
}

}  // namespace

void Image::read(std::uint64_t offset, ByteSpan into) const {
  std::size_t available = 0;
  if (offset < length_) available = std::min<std::uint64_t>(into.size(), length_ - offset);
  if (available > 0) std::memcpy(into.data(), bytes_.data() + offset, available);
  if (available < into.size()) std::memset(into.data() + available, 0, into.size() - available);
}

void Image::write(std::uint64_t offset, ConstByteSpan from) {
  if (from.empty()) return;
  const std::uint64_t end = offset + from.size();
  // HDF5 writes much again that has not changed, at every flush and close.
  if (end <= length_ && std::memcmp(bytes_.data() + offset, from.data(), from.size()) == 0) return;
  ++changes_;
  reserve(end);
  if (offset > length_) std::memset(bytes_.data() + length_, 0, offset - length_);
  std::memcpy(bytes_.data() + offset, from.data(), from.size());
  length_ = std::max<std::uint64_t>(length_, end);
}

void Image::resize(std::uint64_t length) {
  if (length == length_) return;
  ++changes_;
  reserve(length);
  if (length > length_) std::memset(bytes_.data() + length_, 0, length - length_);
  length_ = length;
}

void Image::reserve(std::uint64_t capacity) {
  if (capacity <= bytes_.size()) return;
  Buffer grown(std::max<std::uint64_t>({capacity, bytes_.size() + bytes_.size() / 2, 4096}));
  if (length_ > 0) std::memcpy(grown.data(), bytes_.data(), length_);
  bytes_ = std::move(grown);
}

std::optional<Superblock> find_superblock(ConstByteSpan file) {
  const std::size_t at = superblock_offset(file);
  if (at >= file.size()) return std::nullopt;
  const bool old = std::to_integer<int>(file[at + kVersion]) < 2;
  return Superblock{at,
                    std::to_integer<std::size_t>(file[at + (old ? kOldOffsetSize : kOffsetSize)])};
}

Buffer closed_head(ConstByteSpan file) {
  const std::size_t at = superblock_offset(file);
  if (at >= file.size()) return {};
  const bool old = std::to_integer<int>(file[at + kVersion]) < 2;
  // After 12 bytes come four addresses, then the checksum of everything before it.
  const std::size_t checksum = 12 + 4 * std::to_integer<std::size_t>(file[at + kOffsetSize]);
  const std::size_t end = at + (old ? kOldFlags + 4 : checksum + 4);
  if (end > file.size()) return {};
  Buffer head = Buffer::copy_of(file.first(end));
  std::byte* const superblock = head.data() + at;
  if (old) {
    std::fill_n(superblock + kOldFlags, 4, std::byte{0});
  } else {
    superblock[kFlags] = std::byte{0};
    store32(superblock + checksum, lookup3(superblock, checksum));
  }
  return head;
}

}  // namespace arraymorph::vfd
