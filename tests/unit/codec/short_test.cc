// Chunks that decode to fewer bytes than they should, or to more, are errors with every filter:
// what is missing never comes from what lay in memory before.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "arraymorph/codec.h"

namespace arraymorph {
namespace {

constexpr std::size_t kChunk = 4096;
constexpr std::size_t kElement = 4;

struct Pipeline {
  std::string name;
  std::vector<FilterSpec> filters;
};

const std::vector<Pipeline>& pipelines() {
  static const auto* all = new std::vector<Pipeline>{
      {"none", {}},
      {"shuffle", {{2, true, {4}, ""}}},
      {"fletcher32", {{3, false, {}, ""}}},
      {"deflate", {{1, true, {6}, ""}}},
      {"shuffle, deflate, fletcher32",
       {{2, true, {4}, ""}, {1, true, {6}, ""}, {3, false, {}, ""}}},
      {"lzf", {{32000, true, {4, 261, kChunk}, ""}}},
      {"lz4", {{32004, true, {1024}, ""}}},
      {"zstd", {{32015, true, {3}, ""}}},
      {"bitshuffle", {{32008, true, {0, 2, 4, 0, 0}, ""}}},
      {"bitshuffle lz4", {{32008, true, {0, 2, 4, 0, 2}, ""}}},
      {"bitshuffle zstd", {{32008, true, {0, 2, 4, 0, 3, 5}, ""}}},
      {"blosc lz4", {{32001, true, {2, 2, 4, kChunk, 5, 1, 1}, ""}}},
      {"blosc zlib", {{32001, true, {2, 2, 4, kChunk, 5, 2, 4}, ""}}},
      {"blosc zstd", {{32001, true, {2, 2, 4, kChunk, 5, 0, 5}, ""}}},
  };
  return *all;
}

Buffer data(std::size_t size) {
  Buffer bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes.data()[i] = static_cast<std::byte>(i / 7);
  return bytes;
}

TEST(ShortChunks, OfAnotherSizeAreCorrupt) {
  for (const Pipeline& pipeline : pipelines()) {
    const auto codec = make_builtin_codec(pipeline.filters, kElement);
    if (codec == nullptr) continue;  // built without it
    for (const std::size_t size : {std::size_t{0}, kChunk / 2, kChunk - kElement, 2 * kChunk}) {
      const auto encoded = codec->encode(data(size).span());
      ASSERT_TRUE(encoded.ok()) << pipeline.name << ", " << size;
      Buffer into(kChunk);
      const Status status =
          codec->decode_into(encoded->bytes.span(), encoded->filter_mask, into.span());
      EXPECT_EQ(status.code(), Code::corrupt) << pipeline.name << ", " << size;
    }
  }
}

TEST(ShortChunks, ThatAreCutOffAreCorruptOrWhole) {
  const Buffer whole = data(kChunk);
  for (const Pipeline& pipeline : pipelines()) {
    const auto codec = make_builtin_codec(pipeline.filters, kElement);
    if (codec == nullptr) continue;
    const auto encoded = codec->encode(whole.span());
    ASSERT_TRUE(encoded.ok()) << pipeline.name;
    for (std::size_t size = 0; size < encoded->bytes.size(); ++size) {
      Buffer into(kChunk);
      std::fill_n(into.data(), kChunk, std::byte{0xee});
      const Status status =
          codec->decode_into(encoded->bytes.span().first(size), encoded->filter_mask, into.span());
      // Some formats end in bytes that decoding does not need.
      const bool same = std::equal(whole.span().begin(), whole.span().end(), into.span().begin());
      EXPECT_TRUE(status.code() == Code::corrupt || same) << pipeline.name << ", " << size;
    }
  }
}

}  // namespace
}  // namespace arraymorph
