// Kernels written for vectors against the formats' own definitions, one byte or bit at a time.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "arraymorph/codec.h"

namespace arraymorph {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes noise(std::size_t size) {
  std::mt19937 rng(static_cast<unsigned>(size));
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(rng());
  return bytes;
}

ConstByteSpan span_of(const Bytes& bytes) { return std::as_bytes(std::span(bytes)); }

Bytes shuffled(const Bytes& in, std::size_t size) {
  Bytes out = in;
  const std::size_t count = in.size() / size;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t k = 0; k < size; ++k) out[k * count + i] = in[i * size + k];
  }
  return out;
}

// Blocks of `block` elements; the last one has fewer; elements past a multiple of eight stay.
Bytes bitshuffled(const Bytes& in, std::size_t size, std::size_t block) {
  Bytes out = in;
  const std::size_t whole = in.size() / size / 8 * 8;
  for (std::size_t begin = 0; begin < whole; begin += block) {
    const std::size_t count = std::min(block, whole - begin);
    std::uint8_t* to = out.data() + begin * size;
    std::fill(to, to + count * size, std::uint8_t{0});
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t bit = 0; bit < size * 8; ++bit) {
        const unsigned value = in[(begin + i) * size + bit / 8] >> (bit % 8) & 1u;
        to[bit * (count / 8) + i / 8] |= static_cast<std::uint8_t>(value << (i % 8));
      }
    }
  }
  return out;
}

// H5_checksum_fletcher32.
std::uint32_t fletcher32(const Bytes& bytes) {
  const std::uint8_t* data = bytes.data();
  std::size_t len = bytes.size() / 2;
  std::uint32_t sum1 = 0;
  std::uint32_t sum2 = 0;
  while (len > 0) {
    std::size_t part = std::min<std::size_t>(len, 360);
    len -= part;
    for (; part > 0; --part, data += 2) {
      sum1 += static_cast<std::uint32_t>(data[0] << 8 | data[1]);
      sum2 += sum1;
    }
    sum1 = (sum1 & 0xffff) + (sum1 >> 16);
    sum2 = (sum2 & 0xffff) + (sum2 >> 16);
  }
  if (bytes.size() % 2 != 0) {
    sum1 += static_cast<std::uint32_t>(*data << 8);
    sum2 += sum1;
    sum1 = (sum1 & 0xffff) + (sum1 >> 16);
    sum2 = (sum2 & 0xffff) + (sum2 >> 16);
  }
  sum1 = (sum1 & 0xffff) + (sum1 >> 16);
  sum2 = (sum2 & 0xffff) + (sum2 >> 16);
  return sum2 << 16 | sum1;
}

Bytes checksummed(Bytes bytes) {
  const std::uint32_t sum = fletcher32(bytes);
  for (unsigned i = 0; i < 4; ++i) bytes.push_back(static_cast<std::uint8_t>(sum >> (8 * i)));
  return bytes;
}

void expect_stored_as(const FilterSpec& filter, const Bytes& data, const Bytes& stored) {
  const auto codec = make_builtin_codec({filter}, 1);
  ASSERT_NE(codec, nullptr);
  const Result<EncodedChunk> encoded = codec->encode(span_of(data));
  ASSERT_TRUE(encoded.ok());
  ASSERT_EQ(encoded->filter_mask, 0u);
  ASSERT_TRUE(std::ranges::equal(encoded->bytes.span(), span_of(stored)));
  const Result<Buffer> decoded = codec->decode(Buffer::copy_of(span_of(stored)), 0, data.size());
  ASSERT_TRUE(decoded.ok());
  ASSERT_TRUE(std::ranges::equal(decoded->span(), span_of(data)));
}

TEST(CodecReference, Shuffle) {
  for (unsigned size = 1; size <= 40; ++size) {
    for (std::size_t count = 0; count <= 150; count += count < 70 ? 1 : 13) {
      SCOPED_TRACE(std::to_string(size) + " x " + std::to_string(count));
      const Bytes data = noise(count * size + count % size);
      expect_stored_as({2, true, {size}, "shuffle"}, data, shuffled(data, size));
    }
  }
  for (const unsigned size : {63u, 64u, 65u, 100u, 257u, 1000u}) {
    const Bytes data = noise(size * 77u + 5);
    expect_stored_as({2, true, {size}, "shuffle"}, data, shuffled(data, size));
  }
}

TEST(CodecReference, Bitshuffle) {
  for (const unsigned size : {1u, 2u, 3u, 4u, 5u, 7u, 8u, 12u, 16u, 24u, 33u}) {
    for (const unsigned block : {8u, 24u, 128u, 1024u}) {
      for (const std::size_t count : {0u, 1u, 7u, 8u, 9u, 130u, 1000u, 2055u}) {
        SCOPED_TRACE(std::to_string(size) + " x " + std::to_string(count));
        const Bytes data = noise(count * size);
        expect_stored_as({32008, true, {0, 4, size, block}, "bitshuffle"}, data,
                         bitshuffled(data, size, block));
      }
    }
  }
}

TEST(CodecReference, Fletcher32) {
  for (std::size_t size = 0; size < 2000; size += size < 100 ? 1 : 37) {
    SCOPED_TRACE(size);
    const Bytes data = noise(size);
    expect_stored_as({3, false, {}, "fletcher32"}, data, checksummed(data));
  }
  // 720 bytes is HDF5's own step, 11,520 ours; the extremes are where sums fold to 0 or 65535.
  for (const std::size_t size : {719u, 720u, 721u, 11'519u, 11'520u, 11'521u, 100'003u, 1u << 20}) {
    for (const int fill : {-1, 0x00, 0x01, 0xff}) {
      SCOPED_TRACE(std::to_string(size) + " of " + std::to_string(fill));
      const Bytes data = fill < 0 ? noise(size) : Bytes(size, static_cast<std::uint8_t>(fill));
      expect_stored_as({3, false, {}, "fletcher32"}, data, checksummed(data));
    }
  }
}

// Filters that may make more of a chunk, one after the other: 5 times as much each.
TEST(Pipeline, RefusesToSetAsideAnyAmount) {
  const std::vector<FilterSpec> filters(32, FilterSpec{32004, false, {1}, ""});
  const auto codec = make_builtin_codec(filters, 4);
  if (codec == nullptr) GTEST_SKIP() << "built without LZ4";
  Bytes decoded(1 << 16);
  const Status status =
      codec->decode_into(span_of(noise(100)), 0, std::as_writable_bytes(std::span(decoded)));
  EXPECT_EQ(status.code(), Code::unsupported) << status.message();
}

}  // namespace
}  // namespace arraymorph
