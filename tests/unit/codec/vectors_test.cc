// Chunks as HDF5 2.0.0 stored them (h5py's read_direct_chunk; lzf by h5py 3.16, the others above
// 32000 by hdf5plugin 7), decoded and encoded by ours.
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
FilterSpec lzf(std::vector<unsigned> set) { return {32000, true, std::move(set), "lzf"}; }
FilterSpec lz4(std::vector<unsigned> set) { return {32004, true, std::move(set), "lz4"}; }
FilterSpec zstd(std::vector<unsigned> set) { return {32015, true, std::move(set), "zstd"}; }
FilterSpec bitshuffle(std::vector<unsigned> set) {
  return {32008, true, std::move(set), "bitshuffle"};
}

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
      {{lzf({4, 261, 320})},
       1,
       320,
       "1f0004090d12171b2025292e32373c40454a4e53575c61656a6f73787c81868a"
       "8f1f94989da1a6abafb4b9bdc2c6cbd0d4d9dee2e7ebf0f5f9fe03070c10151a"
       "1e231f282c31353a3f43484d51565a5f64686d72767b7f84898d92979ba0a4a9"
       "aeb2b71fbcc0c5c9ced3d7dce1e5eaeef3f8fc01060a0f13181d21262b2f3438"
       "3d42464b1f5054595d62676b7075797e82878c90959a9ea3a7acb1b5babfc3c8"
       "ccd1d6dadf06e4e8edf1f6fbff40a503161b202440a5033b40454940a5036065"
       "6a6e40a503858a8f9340a503aaafb4b840a503cfd4d9dd40a503f4f9fe0240a5"
       "03191e232740a5033e43484c40a50363686d7140a503888d929640a503adb2b7"
       "bb40a503d2d7dce040a503f7fc010540a5031c21262a40a50341464b4f40a503"
       "666b707440a5038b90959940a504b0b5babec3"},
      {{lz4({48})},
       1,
       64,
       "000000000000004000000030000000300004090d12171b2025292e32373c4045"
       "4a4e53575c61656a6f73787c81868a8f94989da1a6abafb4b9bdc2c6cbd0d4d9"
       "00000010dee2e7ebf0f5f9fe03070c10151a1e23"},
      {{lz4({590})},
       1,
       600,
       "00000000000002580000024e00000234f0c80004090d12171b2025292e32373c"
       "40454a4e53575c61656a6f73787c81868a8f94989da1a6abafb4b9bdc2c6cbd0"
       "d4d9dee2e7ebf0f5f9fe03070c10151a1e23282c31353a3f43484d51565a5f64"
       "686d72767b7f84898d92979ba0a4a9aeb2b7bcc0c5c9ced3d7dce1e5eaeef3f8"
       "fc01060a0f13181d21262b2f34383d42464b5054595d62676b7075797e82878c"
       "90959a9ea3a7acb1b5babfc3c8ccd1d6dadfe4e8edf1f6fbff04090d12161b20"
       "24292e32373b4045494e53575c60656a6e73787c81858a8f93989da1a6aaafb4"
       "b8bdc2c6cbcfd4d9dda60040f4f9fe02a60040191e2327a600f07d3e43484c51"
       "565a5f63686d71767b7f84888d92969ba0a4a9adb2b7bbc0c5c9ced2d7dce0e5"
       "eaeef3f7fc01050a0f13181c21262a2f34383d41464b4f54595d62666b707479"
       "7e82878b9095999ea3a7acb0b5babec3c8ccd1d5dadfe3e8edf1f6faff04080d"
       "12161b1f24292d32373b4044494e52575c6065696e73777c81858a8e93989ca1"
       "a6aaafb3b8bdc1a60040d8dde2e6a60040fd02070ba6004022272c30a6004047"
       "4c5155a600406c71767aa6004091969b9fa60040b6bbc0c4a60040dbe0e5e9a6"
       "004000050a0ea60040252a2f33a600404a4f5458a600406f74797da600409499"
       "9ea2a60040b9bec3c7a60040dee3e8eca6004003080d11a60040282d3236a600"
       "404d52575ba6004072777c80a60040979ca1a5a60040bcc1c6caa60040e1e6eb"
       "efa60040060b1014a600402b303539a6004050555a5ea600b0757a7f83888d91"
       "969a9fa40000000aa8adb2b6bbbfc4c9cdd2"},
      {{zstd({5})},
       4,
       64,
       "28b52ffd20400102000004090d12171b2025292e32373c40454a4e53575c6165"
       "6a6f73787c81868a8f94989da1a6abafb4b9bdc2c6cbd0d4d9dee2e7ebf0f5f9"
       "fe03070c10151a1e23"},
      {{bitshuffle({0, 4, 4, 0, 0})},
       4,
       72,
       "cccc5a5a6c93701c2ab54c267038803f6666d2d29b641c874aad6c367038803f"
       "3333969624dbc7e352a96432783c803f9999b4b4d926e138546a66b3783c803f"
       "282c31353a3f4348"},
      {{bitshuffle({0, 4, 4, 0, 2})},
       4,
       72,
       "00000000000000480000200000000042f00dcccc5a5a6c93701c2ab54c267038"
       "803f6666d2d29b641c874aad6c361000f0113333969624dbc7e352a96432783c"
       "803f9999b4b4d926e138546a66b3783c803f282c31353a3f4348"},
      {{bitshuffle({0, 4, 2, 64, 3, 5})},
       2,
       160,
       "00000000000000a0000000800000007128b52ffd208045030024055a6c93701c"
       "8fe32ab55aa9d54aa5564c2693cd6693c96470381c0e87e3f178803fe00ff803"
       "fe8000c0ff0f00fcff009624dbc7e3381c52a9954aad566ab56432d96c369b4c"
       "26783c1e8fc7e370387fc07f00080030304398b10b39377070597636e7069239"
       "360000002928b52ffd20200101005a5a6c93701c2ab5b3d93c1e3fe0c0ff9696"
       "24dbc7e352a99bcd1c0e1ff0e0ff"},
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

/// Streams of these filters differ between compressors and their versions.
bool compresses(const FilterSpec& spec) {
  const bool shuffles_only = spec.id == 32008 && spec.parameters[4] == 0;
  return (spec.id == 1 || spec.id >= 32000) && !shuffles_only;
}

/// Null only where this was built without a library that the vector needs.
std::shared_ptr<const ChunkCodec> make_codec(const Vector& v) {
  auto codec = make_builtin_codec(v.filters, v.element_size);
  EXPECT_TRUE(codec != nullptr || v.filters.back().id >= 32004) << v.stored;
  return codec;
}

TEST(CodecVectors, DecodesWhatHdf5Stored) {
  for (const Vector& v : vectors()) {
    const auto codec = make_codec(v);
    if (codec == nullptr) continue;
    const Result<Buffer> decoded = codec->decode(from_hex(v.stored), 0, v.size);
    ASSERT_TRUE(decoded.ok()) << v.stored << ": " << decoded.status().message();
    EXPECT_TRUE(equal(*decoded, decoded_chunk(v.size))) << v.stored;
  }
}

TEST(CodecVectors, EncodesTheSameBytes) {
  for (const Vector& v : vectors()) {
    if (std::ranges::any_of(v.filters, compresses)) continue;
    const auto codec = make_codec(v);
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
