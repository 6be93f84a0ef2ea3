#include "vol/metadata_object.h"

#include <gtest/gtest.h>

#include <random>

namespace arraymorph::vol {
namespace {

Buffer bytes_of(std::size_t size) {
  Buffer buffer(size);
  for (std::size_t i = 0; i < size; ++i) buffer.data()[i] = static_cast<std::byte>(i * 7);
  return buffer;
}

Buffer sample() {
  Catalog catalog;
  catalog.datasets[96] = {"x", {5}, false, 0, {}};
  const Buffer bytes = bytes_of(1000);
  const std::string text = to_json(catalog);
  return encode_metadata(bytes.span(), text, metadata_checksum(bytes.span(), text), 77);
}

TEST(MetadataObject, SurvivesItsBytes) {
  const auto read = decode_metadata(sample());
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->file_length, 1000u);
  EXPECT_EQ(std::memcmp(read->bytes.data(), bytes_of(1000).data(), 1000), 0);
  EXPECT_EQ(read->catalog.datasets.at(96).prefix, "x");
  EXPECT_EQ(read->commit_id, 77u);
}

TEST(MetadataObject, EveryTruncationIsAnError) {
  const Buffer whole = sample();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto read = decode_metadata(Buffer::copy_of(whole.span().first(size)));
    ASSERT_FALSE(read.ok()) << size;
    EXPECT_EQ(read.status().code(), Code::corrupt) << size;
  }
}

TEST(MetadataObject, EveryFlippedBitIsAnError) {
  const Buffer whole = sample();
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Buffer damaged = Buffer::copy_of(whole.span());
    damaged.data()[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    EXPECT_FALSE(decode_metadata(std::move(damaged)).ok()) << bit;
  }
}

TEST(MetadataObject, NoiseIsAnError) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    Buffer noise(random() % 400);
    for (std::byte& byte : noise.span()) byte = static_cast<std::byte>(random());
    EXPECT_FALSE(decode_metadata(std::move(noise)).ok());
  }
}

}  // namespace
}  // namespace arraymorph::vol
