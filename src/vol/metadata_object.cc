#include "vol/metadata_object.h"

#include <cstring>
#include <string>

#include "runtime/checksum.h"
#include "vfd/image.h"

namespace arraymorph::vol {
namespace {

constexpr std::string_view kMagic = "AMORPHv1";
constexpr std::string_view kMagicStem = "AMORPHv";

template <class T>
void store(std::byte* at, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) at[i] = static_cast<std::byte>(value >> (8 * i));
}

template <class T>
T load(const std::byte* at) {
  T value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    value = static_cast<T>((value << 8) | std::to_integer<T>(at[i]));
  }
  return value;
}

}  // namespace

std::uint32_t metadata_checksum(ConstByteSpan file_bytes, std::string_view catalog) {
  const Buffer head = vfd::closed_head(file_bytes);
  std::uint32_t checksum = crc32c(head.span());
  checksum = crc32c(file_bytes.subspan(head.size()), checksum);
  return crc32c(std::as_bytes(std::span(catalog)), checksum);
}

Buffer encode_metadata(ConstByteSpan file_bytes, std::string_view catalog, std::uint32_t checksum,
                       std::uint64_t commit_id) {
  Buffer object(file_bytes.size() + catalog.size() + kTrailerSize);
  std::byte* at = object.data();
  std::memcpy(at, file_bytes.data(), file_bytes.size());
  const Buffer head = vfd::closed_head(file_bytes);
  if (!head.empty()) std::memcpy(at, head.data(), head.size());
  std::memcpy(at + file_bytes.size(), catalog.data(), catalog.size());
  at += file_bytes.size() + catalog.size();
  std::memset(at, 0, kTrailerSize);
  std::memcpy(at, kMagic.data(), kMagic.size());
  store<std::uint64_t>(at + 8, file_bytes.size());
  store<std::uint64_t>(at + 16, catalog.size());
  store<std::uint32_t>(at + 24, checksum);
  store<std::uint64_t>(at + 32, commit_id);
  store<std::uint32_t>(at + 44, crc32c({at, 44}));
  return object;
}

Result<Metadata> decode_metadata(Buffer object) {
  if (object.size() < kTrailerSize) {
    return Status(Code::corrupt, "only " + std::to_string(object.size()) +
                                     " bytes, less than the trailer of a metadata object: "
                                     "truncated or not written by ArrayMorph");
  }
  const std::byte* trailer = object.data() + object.size() - kTrailerSize;
  if (std::memcmp(trailer, kMagicStem.data(), kMagicStem.size()) != 0) {
    return Status(Code::corrupt,
                  "no ArrayMorph trailer at the end: truncated or not written by ArrayMorph");
  }
  if (std::memcmp(trailer, kMagic.data(), kMagic.size()) != 0) {
    return Status(Code::unsupported,
                  "written in a later format than this ArrayMorph reads; upgrade it");
  }
  if (crc32c({trailer, 44}) != load<std::uint32_t>(trailer + 44)) {
    return Status(Code::corrupt, "the trailer fails its checksum");
  }
  const auto file_length = load<std::uint64_t>(trailer + 8);
  const auto catalog_length = load<std::uint64_t>(trailer + 16);
  const std::uint64_t available = object.size() - kTrailerSize;
  if (file_length > available || catalog_length != available - file_length) {
    return Status(Code::corrupt, "the lengths in the trailer do not add up to the object's " +
                                     std::to_string(object.size()) + " bytes");
  }
  Metadata metadata;
  metadata.checksum = load<std::uint32_t>(trailer + 24);
  metadata.commit_id = load<std::uint64_t>(trailer + 32);
  if (crc32c(object.span().first(available)) != metadata.checksum) {
    return Status(Code::corrupt, "the content fails its checksum (CRC-32C)");
  }
  ARRAYMORPH_ASSIGN(metadata.catalog,
                    catalog_from_json({reinterpret_cast<const char*>(object.data()) + file_length,
                                       catalog_length}));
  metadata.file_length = file_length;
  metadata.bytes = std::move(object);
  return metadata;
}

}  // namespace arraymorph::vol
