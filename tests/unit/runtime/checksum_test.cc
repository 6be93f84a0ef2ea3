// CRC-32Cs of neighbouring bytes, put together without the bytes.
#include "runtime/checksum.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace arraymorph {
namespace {

ConstByteSpan span_of(const std::string& bytes) { return std::as_bytes(std::span(bytes)); }

std::string noise(std::size_t size) {
  std::minstd_rand random(static_cast<unsigned>(size) + 1);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TEST(ChecksumTest, IsCastagnolis) {
  EXPECT_EQ(crc32c(span_of("123456789")), 0xe3069283u);  // the check value of the CRC catalogues
}

TEST(ChecksumTest, JoinedIsThatOfAllBytes) {
  for (const std::size_t first : {0u, 1u, 7u, 1000u, 70001u}) {
    for (const std::size_t second : {0u, 1u, 8u, 255u, 4096u, 1000003u}) {
      const std::string a = noise(first);
      const std::string b = noise(second);
      EXPECT_EQ(crc32c_joined(crc32c(span_of(a)), crc32c(span_of(b)), b.size()),
                crc32c(span_of(a + b)))
          << first << " " << second;
    }
  }
}

TEST(ChecksumTest, ZerosCount) {
  for (const std::size_t first : {0u, 1u, 1000u}) {
    for (const std::size_t zeros : {0u, 1u, 3u, 512u, 1u << 20, 1234567u}) {
      const std::string a = noise(first);
      EXPECT_EQ(crc32c_zeros(crc32c(span_of(a)), zeros),
                crc32c(span_of(a + std::string(zeros, '\0'))))
          << first << " " << zeros;
    }
  }
}

}  // namespace
}  // namespace arraymorph
