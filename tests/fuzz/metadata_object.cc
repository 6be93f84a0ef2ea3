// Metadata objects as they come, with their checksums redone, and with their lengths redone too:
// CRC-32C keeps random changes out, not a hostile writer.
#include "vol/metadata_object.h"

#include <cstring>

#include "fuzz/input.h"
#include "runtime/checksum.h"
#include "vfd/image.h"

using namespace arraymorph;

namespace {

void store(std::byte* at, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) at[i] = static_cast<std::byte>(value >> (8 * i));
}

std::uint64_t load(const std::byte* at) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = value << 8 | std::to_integer<std::uint64_t>(at[i]);
  return value;
}

// The image answers whatever HDF5 asks.
void read_image(vol::Metadata metadata) {
  vfd::Image image(std::move(metadata.bytes), metadata.file_length);
  fuzz::require(image.length() == metadata.file_length, "the image has another length");
  std::byte piece[64];
  for (const std::uint64_t at :
       {std::uint64_t{0}, image.length() / 2, image.length(), ~std::uint64_t{0} - 8}) {
    image.read(at, piece);
  }
}

void decode(Buffer object) {
  const Buffer copy = Buffer::copy_of(object.span());
  auto metadata = vol::decode_metadata(std::move(object));
  if (!metadata.ok()) {
    fuzz::require(!metadata.status().message().empty(), "an error without a message");
    return;
  }
  const ConstByteSpan file = metadata->bytes.span().first(metadata->file_length);
  fuzz::require(file.empty() || std::memcmp(file.data(), copy.data(), file.size()) == 0,
                "the HDF5 file's bytes have changed");
  const std::string catalog = vol::to_json(metadata->catalog);
  const auto again = vol::decode_metadata(
      vol::encode_metadata(file, catalog, vol::metadata_checksum(file, catalog), 1));
  fuzz::require(again.ok(), "what was read cannot be written and read again");
  fuzz::require(again->catalog == metadata->catalog && again->file_length == metadata->file_length,
                "the metadata changed on the way");
  read_image(std::move(*metadata));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ConstByteSpan given(reinterpret_cast<const std::byte*>(data), size);
  decode(Buffer::copy_of(given));
  if (size < vol::kTrailerSize) return 0;
  const std::size_t content = size - vol::kTrailerSize;
  for (const bool lengths_too : {false, true}) {
    Buffer object = Buffer::copy_of(given);
    std::byte* const trailer = object.data() + content;
    std::memcpy(trailer, "AMORPHv1", 8);
    if (lengths_too) {
      const std::uint64_t file_length = load(trailer + 8) % (content + 1);
      store(trailer + 8, file_length, 8);
      store(trailer + 16, content - file_length, 8);
    }
    store(trailer + 24, crc32c(object.span().first(content)), 4);
    store(trailer + 44, crc32c({trailer, 44}), 4);
    decode(std::move(object));
  }
  return 0;
}
