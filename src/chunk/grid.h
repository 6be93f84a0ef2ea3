// Grid: how an array is cut into chunks, and the object key of each. Pure arithmetic.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arraymorph/status.h"

namespace arraymorph::chunk {

/// One value per dimension, slowest first. Rank 0 is a scalar (one chunk, key ".../c").
using Extent = std::vector<std::uint64_t>;
/// Position of a chunk in the grid, one value per dimension.
using Index = std::vector<std::uint64_t>;

/// The most bytes of a decoded chunk: HDF5's own limit (32 bits), and less than S3 takes in one
/// PUT.
inline constexpr std::uint64_t kMostChunkBytes = (std::uint64_t{1} << 32) - 1;

struct Grid {
  Extent dims;                     ///< current dataset extent, elements
  Extent chunk;                    ///< chunk extent, elements; never 0; same rank as dims
  std::uint64_t element_size = 0;  ///< bytes of one element in the file type; never 0

  std::uint64_t chunk_elements() const;
  /// Bytes of one decoded chunk; edge chunks are stored at full size as HDF5 does.
  std::uint64_t chunk_bytes() const;
  /// Elements of chunk `index` that lie inside dims.
  std::uint64_t elements_inside(const Index& index) const;
  /// True when at least one element of chunk `index` lies inside dims.
  bool contains(const Index& index) const;
};

/// Refuses rank mismatch, zero chunk extents, zero element size, chunks over kMostChunkBytes and
/// arrays that overflow 63 bits.
Status validate(const Grid& grid);

/// "<prefix>/c/<i>/<j>", the default chunk-key encoding of Zarr v3; with the tag of a version
/// "<prefix>/c~<tag>/<i>/<j>".
std::string chunk_key(std::string_view prefix, const Index& index, std::string_view tag = {});

/// What a chunk key says; the tag is empty where it names no version.
struct ChunkName {
  Index index;
  std::string tag;

  bool operator==(const ChunkName&) const = default;
};

/// The inverse of chunk_key for a grid of `rank` dimensions; nothing when `key` is not such a key.
std::optional<ChunkName> parse_chunk_key(std::string_view prefix, std::string_view key,
                                         std::size_t rank);

/// Tags of versions: 1 to 64 letters, digits and '-'.
bool valid_tag(std::string_view tag);

/// Chunk extents for a contiguous layout: split along the slowest axes into pieces of at most
/// about `target_bytes`; faster axes stay whole where they fit. Never 0 in any dimension.
Extent split_contiguous(const Extent& dims, std::uint64_t element_size, std::uint64_t target_bytes);

}  // namespace arraymorph::chunk
