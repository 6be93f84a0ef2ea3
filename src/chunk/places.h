// Places: where the chunks of an array lie inside one object, as in a plain HDF5 file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arraymorph/buffer.h"
#include "arraymorph/status.h"
#include "chunk/grid.h"
#include "chunk/link.h"

namespace arraymorph::chunk {

/// The stored bytes of one chunk: [offset, offset + size) of the object. Without filters they may
/// be fewer than a whole chunk has, when the array's edge cuts off the rest.
struct Place {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t filter_mask = 0;  ///< H5Dget_chunk_info: bit i set: filter i was skipped

  bool operator==(const Place&) const = default;
};

/// A chunk and its place, as an index of chunks tells.
struct PlacedChunk {
  Index index;
  Place place;
};

/// Bytes that somebody keeps; empty `owner`: they are not in memory.
struct KeptBytes {
  std::shared_ptr<const Buffer> owner;
  ConstByteSpan span;
};

/// The object: every byte of it has to come with the same entity tag.
struct PlacesObject {
  std::string name;  ///< for messages
  std::string key;
  std::string etag;
  std::uint64_t size = 0;  ///< bytes
  /// Bytes [offset, offset + length) where they are in memory already. May be null.
  std::function<KeptBytes(std::uint64_t offset, std::uint64_t length)> look;
  /// A call waits for chunks at `offsets`, `bytes` altogether: what is worth it may be brought to
  /// where look() finds it. May be null.
  std::function<void(const std::vector<std::uint64_t>& offsets, std::uint64_t bytes,
                     const LinkCost& cost)>
      waits;
};

/// Immutable, and so thread-safe.
class Places {
 public:
  explicit Places(PlacesObject object) : object_(std::move(object)) {}
  virtual ~Places() = default;
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  const PlacesObject& object() const noexcept { return object_; }
  /// Nothing: the chunk was never stored, it is the fill value.
  virtual std::optional<Place> find(const Index& index) const = 0;
  /// How many chunks have a place.
  virtual std::uint64_t count() const = 0;
  /// Those that begin in [low, high) of the object, in its order.
  virtual std::vector<PlacedChunk> between(std::uint64_t low, std::uint64_t high) const = 0;

 private:
  const PlacesObject object_;
};

/// The chunks of `grid` that lie anywhere. corrupt: a place outside the object, of a size that no
/// filter makes of a chunk, or two places for one chunk; `unfiltered`: of another size than a
/// chunk.
Result<std::shared_ptr<const Places>> make_places(PlacesObject object, const Grid& grid,
                                                  const std::vector<PlacedChunk>& chunks,
                                                  bool unfiltered);

/// An array that lies in one piece from `offset` on, cut by split_contiguous. corrupt: it does not
/// fit into the object.
Result<std::shared_ptr<const Places>> make_contiguous_places(PlacesObject object, const Grid& grid,
                                                             std::uint64_t offset);

}  // namespace arraymorph::chunk
