// CRC-32Cs of neighbouring bytes, put together without the bytes.
#include "runtime/checksum.h"

#include <gtest/gtest.h>

#include <string>

#include "support/bytes.h"

namespace arraymorph {
namespace {

using test::noise;
using test::span_of;

TEST(ChecksumTest, IsCastagnolis) {
  EXPECT_EQ(crc32c(span_of("123456789")), 0xe3069283u);  // the check value of the CRC catalogues
}

TEST(ChecksumTest, JoinedIsThatOfAllBytes) {
  for (const std::size_t first : {0u, 1u, 7u, 1000u, 70001u}) {
    for (const std::size_t second : {0u, 1u, 8u, 255u, 4096u, 1000003u}) {
      const std::string a = noise(first, 1);
      const std::string b = noise(second, 2);
      EXPECT_EQ(crc32c_joined(crc32c(span_of(a)), crc32c(span_of(b)), b.size()),
                crc32c(span_of(a + b)))
          << first << " " << second;
    }
  }
}

TEST(ChecksumTest, ZerosCount) {
  for (const std::size_t first : {0u, 1u, 1000u}) {
    for (const std::size_t zeros : {0u, 1u, 3u, 512u, 1u << 20, 1234567u}) {
      const std::string a = noise(first, 1);
      EXPECT_EQ(crc32c_zeros(crc32c(span_of(a)), zeros),
                crc32c(span_of(a + std::string(zeros, '\0'))))
          << first << " " << zeros;
    }
  }
}

}  // namespace
}  // namespace arraymorph
