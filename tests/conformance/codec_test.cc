// Every pipeline of built-in filters passes the same tests.
#include "arraymorph/codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace arraymorph {
namespace {

struct Pipeline {
  std::string name;
  std::vector<FilterSpec> filters;
  std::size_t element_size = 1;
};

void PrintTo(const Pipeline& pipeline, std::ostream* out) { *out << pipeline.name; }

FilterSpec deflate(unsigned level) { return {1, true, {level}, "deflate"}; }
FilterSpec shuffle(unsigned size) { return {2, true, {size}, "shuffle"}; }
FilterSpec fletcher32() { return {3, false, {}, "fletcher32"}; }
FilterSpec lzf() { return {32000, true, {4, 261, 1000}, "lzf"}; }
FilterSpec lz4(unsigned block) { return {32004, true, {block}, "lz4"}; }
FilterSpec zstd(int level) { return {32015, true, {static_cast<unsigned>(level)}, "zstd"}; }
FilterSpec blosc(unsigned size, unsigned level, unsigned shuffle, unsigned compressor) {
  return {32001, true, {2, 2, size, 0, level, shuffle, compressor}, "blosc"};
}
FilterSpec bitshuffle(unsigned size, unsigned block, unsigned compression) {
  return {32008, true, {0, 4, size, block, compression, 3}, "bitshuffle"};
}

std::vector<Pipeline> pipelines() {
  std::vector<Pipeline> all{{"Identity", {}, 1}, {"Fletcher32", {fletcher32()}, 1}};
  for (unsigned level = 0; level <= 9; ++level) {
    all.push_back({"Deflate" + std::to_string(level), {deflate(level)}, 1});
  }
  for (unsigned size : {1u, 2u, 3u, 4u, 7u, 8u, 16u, 1000u}) {
    const std::string name = "Shuffle" + std::to_string(size);
    all.push_back({name, {shuffle(size)}, size});
    all.push_back({name + "Deflate", {shuffle(size), deflate(4)}, size});
    all.push_back({name + "DeflateFletcher32", {shuffle(size), deflate(1), fletcher32()}, size});
  }
  for (const int level : {-5, 0, 1, 3, 19}) {
    const std::string name = level < 0 ? "ZstdFast" : "Zstd" + std::to_string(level);
    all.push_back({name, {zstd(level)}, 1});
  }
  for (const unsigned block : {0u, 1u, 100u, 1u << 16}) {
    all.push_back({"Lz4Block" + std::to_string(block), {lz4(block)}, 1});
  }
  const char* const compressions[] = {"", nullptr, "Lz4", "Zstd"};
  for (const unsigned compression : {0u, 2u, 3u}) {
    for (const unsigned size : {1u, 3u, 4u, 8u, 100u}) {
      const std::string name =
          std::string("Bitshuffle") + compressions[compression] + std::to_string(size);
      all.push_back({name, {bitshuffle(size, 0, compression)}, size});
      if (size == 4) all.push_back({name + "Block8", {bitshuffle(size, 8, compression)}, size});
    }
  }
  for (const unsigned compressor : {1u, 2u, 4u, 5u}) {
    for (const unsigned size : {4u, 100u}) {
      for (const unsigned shuffle : {0u, 1u, 2u}) {
        const std::string name = "Blosc" + std::to_string(compressor) + "Shuffle" +
                                 std::to_string(shuffle) + "Of" + std::to_string(size);
        all.push_back({name, {blosc(size, 1 + size % 9, shuffle, compressor)}, size});
      }
    }
  }
  all.push_back({"Lzf", {lzf()}, 1});
  all.push_back({"ShuffleLzfFletcher32", {shuffle(4), lzf(), fletcher32()}, 4});
  all.push_back({"ShuffleZstdFletcher32", {shuffle(8), zstd(3), fletcher32()}, 8});
  all.push_back({"LzfLzfDeflate", {lzf(), lzf(), deflate(1)}, 1});
  all.push_back({"Fletcher32ShuffleDeflate", {fletcher32(), shuffle(4), deflate(6)}, 4});
  all.push_back({"DeflateDeflate", {deflate(1), deflate(9)}, 1});
  all.push_back({"DeflateFletcher32Deflate", {deflate(0), fletcher32(), deflate(0)}, 1});
  return all;
}

enum class Content { constant, random, ramp };

Buffer make(std::size_t size, Content content) {
  Buffer data(size);
  std::mt19937 rng(static_cast<unsigned>(size));
  for (std::size_t i = 0; i < size; ++i) {
    data.data()[i] = static_cast<std::byte>(content == Content::constant ? 0
                                            : content == Content::random ? rng() & 0xff
                                                                         : i / 8);
  }
  return data;
}

bool equal(ConstByteSpan a, ConstByteSpan b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

class CodecConformance : public testing::TestWithParam<Pipeline> {
 protected:
  void SetUp() override {
    codec_ = make_builtin_codec(GetParam().filters, GetParam().element_size);
    if (codec_ == nullptr && (has(32001) || has(32004) || has(32008) || has(32015))) {
      GTEST_SKIP() << "built without liblz4 or libzstd";
    }
    ASSERT_NE(codec_, nullptr);
  }
  EncodedChunk encode(const Buffer& data) const {
    Result<EncodedChunk> encoded = codec_->encode(data.span());
    EXPECT_TRUE(encoded.ok()) << encoded.status().message();
    // LZF and Blosc give up on noise, bitshuffle on a part of an element; no other filter does.
    EXPECT_TRUE(encoded->filter_mask == 0 || has(32000) || has(32001) || has(32008));
    return std::move(encoded).value();
  }
  bool has(int id) const {
    return std::any_of(GetParam().filters.begin(), GetParam().filters.end(),
                       [&](const FilterSpec& spec) { return spec.id == id; });
  }

  // Bytes. Blocks of one byte take a call of the library each, minutes under a sanitizer.
  static unsigned large() { return GetParam().name == "Lz4Block1" ? 1u << 16 : 1u << 20; }

  std::shared_ptr<const ChunkCodec> codec_;
};

TEST_P(CodecConformance, RoundTrips) {
  for (const std::size_t size :
       {0u, 1u, 2u, 3u, 5u, 8u, 719u, 720u, 721u, 1024u, 4099u, large(), large() + 7}) {
    for (const Content content : {Content::constant, Content::random, Content::ramp}) {
      const Buffer data = make(size, content);
      EncodedChunk encoded = encode(data);
      Result<Buffer> decoded = codec_->decode(std::move(encoded.bytes), encoded.filter_mask, size);
      ASSERT_TRUE(decoded.ok()) << size << ": " << decoded.status().message();
      ASSERT_TRUE(equal(decoded->span(), data.span())) << size;
    }
  }
}

TEST_P(CodecConformance, SkipsMaskedFilters) {
  const std::size_t count = GetParam().filters.size();
  const Buffer data = make(1000, Content::ramp);
  for (std::uint32_t mask = 0; mask < 1u << count; ++mask) {
    std::vector<FilterSpec> kept;
    for (std::size_t i = 0; i < count; ++i) {
      if ((mask >> i & 1) == 0) kept.push_back(GetParam().filters[i]);
    }
    const auto writer = make_builtin_codec(kept, GetParam().element_size);
    Result<EncodedChunk> encoded = writer->encode(data.span());
    ASSERT_TRUE(encoded.ok());
    if (encoded->filter_mask != 0) continue;  // a filter that the one before leaves nothing to do
    Result<Buffer> decoded = codec_->decode(std::move(encoded->bytes), mask, data.size());
    ASSERT_TRUE(decoded.ok()) << mask << ": " << decoded.status().message();
    ASSERT_TRUE(equal(decoded->span(), data.span())) << mask;
  }
}

TEST_P(CodecConformance, RefusesTruncatedInput) {
  const Buffer data = make(1000, Content::random);
  const EncodedChunk stored = encode(data);
  for (std::size_t size = 0; size < stored.bytes.size(); ++size) {
    Buffer cut = Buffer::copy_of(stored.bytes.span().first(size));
    const Result<Buffer> decoded = codec_->decode(std::move(cut), stored.filter_mask, data.size());
    ASSERT_EQ(decoded.status().code(), Code::corrupt) << size;
    ASSERT_FALSE(decoded.status().message().empty());
  }
}

TEST_P(CodecConformance, RefusesOtherSizes) {
  const Buffer data = make(1000, Content::ramp);
  for (const std::size_t size : {0u, 1u, 999u, 1001u, 4000u}) {
    const Result<Buffer> decoded = codec_->decode(encode(data).bytes, 0, size);
    ASSERT_EQ(decoded.status().code(), Code::corrupt) << size;
  }
}

TEST_P(CodecConformance, SurvivesDamage) {
  std::mt19937 rng(1);
  const Buffer data = make(3000, Content::ramp);
  const Buffer stored = encode(data).bytes;
  for (int round = 0; round < 1000; ++round) {
    Buffer damaged = Buffer::copy_of(stored.span());
    for (unsigned changes = 1 + (round >= 500 ? rng() % 8 : 0); changes > 0; --changes) {
      damaged.data()[rng() % damaged.size()] ^= static_cast<std::byte>(1 + rng() % 255);
    }
    const Result<Buffer> decoded = codec_->decode(std::move(damaged), 0, data.size());
    if (decoded.ok()) {
      ASSERT_EQ(decoded->size(), data.size());
      // Both checksums see every single-byte change of the data.
      if (round < 500 && (has(1) || has(3))) {
        ASSERT_TRUE(equal(decoded->span(), data.span()));
      }
    } else {
      ASSERT_EQ(decoded.status().code(), Code::corrupt);
    }
  }
}

TEST_P(CodecConformance, SurvivesNoise) {
  for (const std::size_t size : {0u, 1u, 4u, 100u, 5000u}) {
    const Result<Buffer> decoded = codec_->decode(make(size, Content::random), 0, 100);
    if (!decoded.ok()) {
      ASSERT_EQ(decoded.status().code(), Code::corrupt);
    } else {
      ASSERT_EQ(decoded->size(), 100u);
    }
  }
}

TEST_P(CodecConformance, RefusesBombs) {
  const Result<Buffer> decoded =
      codec_->decode(encode(make(std::size_t{16} * large(), Content::constant)).bytes, 0, 100);
  ASSERT_EQ(decoded.status().code(), Code::corrupt);
}

INSTANTIATE_TEST_SUITE_P(Builtin, CodecConformance, testing::ValuesIn(pipelines()),
                         [](const auto& info) { return info.param.name; });

TEST(BuiltinCodec, RefusesWhatItCannotDo) {
  EXPECT_EQ(make_builtin_codec({deflate(10)}, 1), nullptr);
  EXPECT_EQ(make_builtin_codec({{1, true, {}, "deflate"}}, 1), nullptr);
  EXPECT_EQ(make_builtin_codec({shuffle(0)}, 1), nullptr);
  EXPECT_EQ(make_builtin_codec({deflate(1), {4, true, {}, "szip"}}, 1), nullptr);
  EXPECT_EQ(make_builtin_codec({{32001, true, {}, "blosc"}}, 1), nullptr);
  EXPECT_EQ(make_builtin_codec({blosc(4, 5, 1, 0)}, 4), nullptr);  // blosclz
  EXPECT_EQ(make_builtin_codec({blosc(4, 5, 1, 3)}, 4), nullptr);  // snappy
  EXPECT_EQ(make_builtin_codec({bitshuffle(0, 0, 0)}, 1), nullptr);
  EXPECT_EQ(make_builtin_codec({bitshuffle(4, 12, 0)}, 4), nullptr);  // not a multiple of eight
  EXPECT_EQ(make_builtin_codec({bitshuffle(4, 0, 1)}, 4), nullptr);
  EXPECT_EQ(make_builtin_codec(std::vector<FilterSpec>(33, fletcher32()), 1), nullptr);
}

TEST(BuiltinCodec, SkipsAnOptionalFilterThatGainsNothing) {
  const Buffer noise = make(4096, Content::random);
  const auto codec = make_builtin_codec({shuffle(4), lzf(), fletcher32()}, 4);
  Result<EncodedChunk> encoded = codec->encode(noise.span());
  ASSERT_TRUE(encoded.ok());
  EXPECT_EQ(encoded->filter_mask, 2u);
  EXPECT_EQ(encoded->bytes.size(), noise.size() + 4);
  const auto decoded = codec->decode(std::move(encoded->bytes), 2, noise.size());
  ASSERT_TRUE(decoded.ok());
  EXPECT_TRUE(equal(decoded->span(), noise.span()));
}

TEST(BuiltinCodec, RefusesToSkipAFilterThatIsNotOptional) {
  FilterSpec mandatory = lzf();
  mandatory.optional = false;
  const auto codec = make_builtin_codec({mandatory}, 1);
  const Status status = codec->encode(make(4096, Content::random).span()).status();
  EXPECT_EQ(status.code(), Code::unsupported);
  EXPECT_NE(status.message().find("32000"), std::string::npos);
}

TEST(BuiltinCodec, DecodesIntoMemoryOfTheCaller) {
  const Buffer data = make(1 << 16, Content::ramp);
  const auto codec = make_builtin_codec({shuffle(4), deflate(4), fletcher32()}, 4);
  const EncodedChunk encoded = std::move(codec->encode(data.span())).value();
  Buffer room(data.size() + 16);
  std::fill(room.span().begin(), room.span().end(), std::byte{0xee});
  ASSERT_TRUE(
      codec->decode_into(encoded.bytes.span(), 0, room.span().subspan(8, data.size())).ok());
  EXPECT_TRUE(equal(room.span().subspan(8, data.size()), data.span()));
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(room.data()[i], std::byte{0xee});
    EXPECT_EQ(room.data()[8 + data.size() + i], std::byte{0xee});
  }
}

TEST(BuiltinCodec, ShuffleWithoutParameterUsesTheElementSize) {
  const auto codec = make_builtin_codec({{2, true, {}, "shuffle"}}, 2);
  ASSERT_NE(codec, nullptr);
  const Buffer data = make(64, Content::random);
  const auto explicit_codec = make_builtin_codec({shuffle(2)}, 2);
  EXPECT_TRUE(equal(codec->encode(data.span())->bytes.span(),
                    explicit_codec->encode(data.span())->bytes.span()));
}

}  // namespace
}  // namespace arraymorph
