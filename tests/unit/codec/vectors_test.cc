// Chunks as HDF5 2.0.0 stored them (h5py's read_direct_chunk), decoded and encoded by ours.
// Byte i of every decoded chunk is i * 37 / 8 modulo 256.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "arraymorph/codec.h"

namespace arraymorph {
namespace {

FilterSpec deflate(unsigned level) { return {1, true, {level}, "deflate"}; }
FilterSpec shuffle(unsigned size) { return {2, true, {size}, "shuffle"}; }
FilterSpec fletcher32() { return {3, false, {}, "fletcher32"}; }

struct Vector {
  std::vector<FilterSpec> filters;
  std::size_t element_size;
  std::size_t size;    ///< decoded bytes
  std::string stored;  ///< hexadecimal
};

const std::vector<Vector>& vectors() {
  static const auto* all = new std::vector<Vector>{
      {{fletcher32()}, 1, 11, "0004090d12171b2025292e7189683f"},
      {{fletcher32()}, 8, 24, "0004090d12171b2025292e32373c40454a4e53575c61656a96609f47"},
      {{shuffle(2)}, 2, 10, "0009121b25040d172029"},
      {{shuffle(4), fletcher32()},
       4,
       24,
       "001225374a5c0417293c4e61091b2e4053650d203245576aea0cf863"},
      {{shuffle(3)}, 3, 15, "000d1b29370412202e3c0917253240"},
      {{shuffle(7), fletcher32()}, 7, 21, "00204004254509294a0d2e4e1232531737571b3c5ccafa4916"},
      {{deflate(6)},
       1,
       40,
       "789c6360e1e41512975650d5d43332b77170f5f20b0e8f494ccdca2faea8696c"
       "ebea9f3263eec265abd76f0100bf5e0e07"},
      {{deflate(0)},
       4,
       64,
       "7801014000bfff0004090d12171b2025292e32373c40454a4e53575c61656a6f"
       "73787c81868a8f94989da1a6abafb4b9bdc2c6cbd0d4d9dee2e7ebf0f5f9fe03"
       "070c10151a1e23edfe1c51"},
      {{shuffle(4), deflate(9)},
       4,
       64,
       "78da014000bfff001225374a5c6f8194a6b9cbdef003150417293c4e61738698"
       "abbdd0e2f5071a091b2e405365788a9dafc2d4e7f90c1e0d203245576a7c8fa1"
       "b4c6d9ebfe102357cd1c51"},
      {{shuffle(8), deflate(4), fletcher32()},
       8,
       64,
       "785e014000bfff00254a6f94b9de0304294e7398bde207092e53789dc2e70c0d"
       "32577ca1c6eb1012375c81a6cbf015173c6186abd0f51a1b40658aafd4f91e20"
       "456a8fb4d9fe2353c51c51b317a80a"},
      {{shuffle(5), deflate(1), fletcher32()},
       5,
       45,
       "78016310d7738d29ee5ab89345dac82bb1a27fd95e4e0573bfd49a29ab0ff1aa"
       "da046735ce587f4c48d3213cbf6dee96d300702611d0857c2563"},
  };
  return *all;
}

Buffer from_hex(const std::string& hex) {
  Buffer bytes(hex.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes.data()[i] = static_cast<std::byte>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
  }
  return bytes;
}

Buffer decoded_chunk(std::size_t size) {
  Buffer bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes.data()[i] = static_cast<std::byte>(i * 37 / 8);
  return bytes;
}

bool equal(const Buffer& a, const Buffer& b) {
  return std::equal(a.span().begin(), a.span().end(), b.span().begin(), b.span().end());
}

bool deflates(const Vector& v) {
  return std::any_of(v.filters.begin(), v.filters.end(),
                     [](const FilterSpec& spec) { return spec.id == 1; });
}

TEST(CodecVectors, DecodesWhatHdf5Stored) {
  for (const Vector& v : vectors()) {
    const auto codec = make_builtin_codec(v.filters, v.element_size);
    const Result<Buffer> decoded = codec->decode(from_hex(v.stored), 0, v.size);
    ASSERT_TRUE(decoded.ok()) << v.stored << ": " << decoded.status().message();
    EXPECT_TRUE(equal(*decoded, decoded_chunk(v.size))) << v.stored;
  }
}

// Deflate streams differ between compressors; everything else is the same to the byte.
TEST(CodecVectors, EncodesTheSameBytes) {
  for (const Vector& v : vectors()) {
    if (deflates(v)) continue;
    const auto codec = make_builtin_codec(v.filters, v.element_size);
    const Result<EncodedChunk> encoded = codec->encode(decoded_chunk(v.size).span());
    ASSERT_TRUE(encoded.ok());
    EXPECT_TRUE(equal(encoded->bytes, from_hex(v.stored))) << v.stored;
  }
}

TEST(CodecVectors, Fletcher32AcceptsTheByteOrderOfOldFiles) {
  const auto codec = make_builtin_codec({fletcher32()}, 1);
  const Buffer data = decoded_chunk(11);
  Buffer stored = std::move(codec->encode(data.span())->bytes);
  std::byte* sum = stored.data() + data.size();
  std::swap(sum[0], sum[1]);
  std::swap(sum[2], sum[3]);
  const Result<Buffer> decoded = codec->decode(Buffer::copy_of(stored.span()), 0, data.size());
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_TRUE(equal(*decoded, data));
  std::swap(sum[0], sum[1]);
  const Status status = codec->decode(std::move(stored), 0, data.size()).status();
  EXPECT_EQ(status.code(), Code::corrupt);
  EXPECT_EQ(status.message(), "fletcher32 checksum mismatch");
}

}  // namespace
}  // namespace arraymorph
