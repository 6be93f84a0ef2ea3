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

}  // namespace

std::uint32_t crc32c(ConstByteSpan bytes, std::uint32_t before) noexcept {
  return aws_checksums_crc32c_ex(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(),
                                 before);
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
