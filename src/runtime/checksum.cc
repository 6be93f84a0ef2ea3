#include "runtime/checksum.h"

#include <aws/checksums/crc.h>
#include <openssl/evp.h>

#include <array>
#include <charconv>

namespace arraymorph {
namespace {

constexpr char kDigits[] = "0123456789abcdef";
constexpr std::size_t kChecksumDigits = 8;

std::string digest_hex(const EVP_MD* algorithm, ConstByteSpan bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, algorithm, nullptr) != 1) {
    return {};
  }
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

// Polynomials over GF(2) modulo Castagnoli's, the coefficient of x^0 in the highest bit.
constexpr std::uint32_t kPolynomial = 0x82f63b78;
constexpr std::uint32_t kOne = std::uint32_t{1} << 31;

std::uint32_t product(std::uint32_t a, std::uint32_t b) {
  std::uint32_t sum = 0;
  for (; a != 0; a <<= 1) {
    if ((a & kOne) != 0) sum ^= b;
    b = (b & 1) != 0 ? b >> 1 ^ kPolynomial : b >> 1;
  }
  return sum;
}

// x^(8 * bytes): what so many zero bytes multiply the state of a CRC by.
std::uint32_t zeros_factor(std::uint64_t bytes) {
  std::uint32_t factor = kOne;
  std::uint32_t square = kOne >> 8;
  for (; bytes != 0; bytes >>= 1) {
    if ((bytes & 1) != 0) factor = product(factor, square);
    square = product(square, square);
  }
  return factor;
}

}  // namespace

std::uint32_t crc32c(ConstByteSpan bytes, std::uint32_t before) noexcept {
  return aws_checksums_crc32c_ex(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(),
                                 before);
}

std::uint32_t crc32c_joined(std::uint32_t first, std::uint32_t second,
                            std::uint64_t length) noexcept {
  return product(zeros_factor(length), first) ^ second;
}

std::uint32_t crc32c_zeros(std::uint32_t first, std::uint64_t length) noexcept {
  return ~product(zeros_factor(length), ~first);
}

std::string sha256_hex(ConstByteSpan bytes) { return digest_hex(EVP_sha256(), bytes); }
std::string md5_hex(ConstByteSpan bytes) { return digest_hex(EVP_md5(), bytes); }

std::string checksum_text(std::uint32_t checksum) {
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[checksum >> shift & 15];
  return text;
}

std::string checksum_base64(std::uint32_t checksum) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::uint64_t bits = static_cast<std::uint64_t>(checksum) << 4;  // 36: six digits
  std::string text;
  for (int shift = 30; shift >= 0; shift -= 6) text += kAlphabet[bits >> shift & 63];
  return text + "==";
}

std::optional<std::uint32_t> parse_checksum(std::string_view text) {
  std::uint32_t checksum = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, checksum, 16);
  if (text.size() != kChecksumDigits || error != std::errc{} || stop != end) return std::nullopt;
  return checksum;
}

}  // namespace arraymorph
