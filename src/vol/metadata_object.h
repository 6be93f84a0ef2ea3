// The metadata object: HDF5 file bytes, then the catalog (JSON), then a fixed-size trailer.
//
// Layout of the trailer, 48 bytes, little-endian:
//   0  char[8]  "AMORPHv1"
//   8  u64      length of the HDF5 file bytes
//  16  u64      length of the catalog
//  24  u32      CRC-32C of the HDF5 file bytes and the catalog
//  28  u32      reserved, 0
//  32  u64      commit id: a number that no two commits share (0: written before there were ids)
//  40  u32      reserved, 0
//  44  u32      CRC-32C of the 44 bytes before
#pragma once

#include <cstdint>
#include <string_view>

#include "arraymorph/buffer.h"
#include "arraymorph/status.h"
#include "vol/catalog.h"

namespace arraymorph::vol {

inline constexpr std::size_t kTrailerSize = 48;
/// Key of the metadata object below the file's own prefix.
inline constexpr const char* kMetadataKey = ".arraymorph/metadata.h5";

/// CRC-32C of file bytes and catalog (see to_json), by which two encodings are compared. The bytes
/// of an open HDF5 file count as a closed one would have them. Copies nothing: they may be many.
std::uint32_t metadata_checksum(ConstByteSpan file_bytes, std::string_view catalog);

/// The whole object. `checksum` is theirs.
Buffer encode_metadata(ConstByteSpan file_bytes, std::string_view catalog, std::uint32_t checksum,
                       std::uint64_t commit_id);

struct Metadata {
  Buffer bytes;  ///< the first file_length bytes are the HDF5 file
  std::uint64_t file_length = 0;
  Catalog catalog;
  std::uint32_t checksum = 0;
  std::uint64_t commit_id = 0;
};

/// Takes `object` over. corrupt: truncated, damaged, or not an ArrayMorph metadata object;
/// unsupported: a later format. Messages do not name the object: add it as context.
Result<Metadata> decode_metadata(Buffer object);

}  // namespace arraymorph::vol
