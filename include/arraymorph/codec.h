// ChunkCodec: the filter pipeline of one dataset, between decoded chunk and stored bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arraymorph/buffer.h"
#include "arraymorph/status.h"

namespace arraymorph {

/// One filter as an HDF5 dataset creation property list records it (H5Pget_filter2).
struct FilterSpec {
  int id = 0;                        ///< H5Z_filter_t: 1 deflate, 2 shuffle, 3 fletcher32, ...
  bool optional = false;             ///< H5Z_FLAG_OPTIONAL
  std::vector<unsigned> parameters;  ///< cd_values
  std::string name;                  ///< for messages; may be empty
};

struct EncodedChunk {
  Buffer bytes;                   ///< what HDF5 would store for the chunk
  std::uint32_t filter_mask = 0;  ///< bit i set: filter i was skipped (H5Dwrite_chunk)
};

/// Filters are applied in order on encode, in reverse on decode. Stateless and const.
class ChunkCodec {
 public:
  virtual ~ChunkCodec() = default;

  /// True when encode and decode may run on any thread at any time; false when they need the
  /// thread that holds HDF5's lock (filters that only libhdf5 can run).
  virtual bool runs_anywhere() const noexcept = 0;

  /// True when the stored bytes of a chunk are its decoded bytes (no filters): a byte range of the
  /// object is a range of the chunk, and a chunk is sent and received without a codec.
  virtual bool identity() const noexcept { return false; }

  virtual Result<EncodedChunk> encode(ConstByteSpan decoded) const = 0;

  /// Decodes into `into`, whose size is that of a whole decoded chunk; anything else found is
  /// Code::corrupt. `stored` and `into` must not overlap; after an error `into` holds anything.
  virtual Status decode_into(ConstByteSpan stored, std::uint32_t filter_mask,
                             ByteSpan into) const = 0;

  /// The same into a new buffer of `decoded_size` bytes; the identity hands `stored` back.
  Result<Buffer> decode(Buffer stored, std::uint32_t filter_mask, std::size_t decoded_size) const;
};

/// A codec made of the built-in filters, or null when one of `filters` is not built in.
/// No filters: the identity. `element_size` in bytes.
std::shared_ptr<const ChunkCodec> make_builtin_codec(const std::vector<FilterSpec>& filters,
                                                     std::size_t element_size);

}  // namespace arraymorph
