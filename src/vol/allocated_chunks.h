// AllocatedChunks: the chunks of a dataset that HDF5 would call allocated.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "arraymorph/status.h"
#include "chunk/array.h"

namespace arraymorph::vol {

struct Dataset;

/// Those that have objects. With allocation "early" all others too: HDF5 would have stored them
/// when the dataset was created, and what it would have stored is known.
class AllocatedChunks {
 public:
  struct Chunk {
    chunk::Index index;
    std::uint64_t size = 0;  ///< bytes as stored
    std::uint32_t filter_mask = 0;
    /// Of its first byte, were all of them stored one behind the other. A chunk object has no
    /// place in a file, but HDF5 calls only a chunk stored that has one.
    std::uint64_t position = 0;
  };

  /// `stored`: ascending by index. `unwritten`: what each chunk without an object counts as.
  AllocatedChunks(chunk::Grid grid, std::vector<chunk::StoredChunk> stored,
                  std::optional<EncodedChunk> unwritten);

  std::uint64_t count() const;
  std::uint64_t bytes() const { return position(count(), stored_.size()); }
  /// In row-major order; `n` is below count().
  Chunk at(std::uint64_t n) const;
  /// Nothing where none is allocated, also outside the extent.
  std::optional<Chunk> find(const chunk::Index& index) const;

 private:
  std::uint64_t position(std::uint64_t n, std::size_t stored_before) const;
  std::size_t stored_from(const chunk::Index& index) const;
  /// Chunk `n`, before which `before` with objects come.
  Chunk make(chunk::Index index, std::uint64_t n, std::size_t before) const;

  const chunk::Grid grid_;
  const chunk::Extent counts_;  ///< chunks along each axis
  const std::vector<chunk::StoredChunk> stored_;
  const std::optional<EncodedChunk> unwritten_;
  std::vector<std::uint64_t> bytes_before_;  ///< of those with objects before each, and in all
};

/// From the last question when nothing was written since and not `again`.
Result<std::shared_ptr<const AllocatedChunks>> allocated_chunks(Dataset& dataset, bool again);

/// What HDF5 would have stored for a chunk that nobody has written; nothing where it would not have
/// stored any.
Result<std::optional<EncodedChunk>> unwritten_chunk(const Dataset& dataset);

}  // namespace arraymorph::vol
