// Fetching the nodes of a chunk index together, instead of one by one as HDF5 walks it.
#pragma once

#include <cstdint>

#include "vfd/blocks.h"

namespace arraymorph::vfd {

/// While it lives, the first inner node that HDF5 reads of a version 1 B-tree of chunks (HDF5 File
/// Format Specification, III.A.1) brings all nodes below it into `blocks`, level by level. HDF5
/// parses the tree itself and finds them in memory: what this cannot make sense of costs time, no
/// more. One at a time.
class ChunkTreeFetch {
 public:
  /// `rank` of the dataset.
  ChunkTreeFetch(Blocks& blocks, const Superblock& superblock, std::size_t rank);
  ~ChunkTreeFetch();
  ChunkTreeFetch(const ChunkTreeFetch&) = delete;
  ChunkTreeFetch& operator=(const ChunkTreeFetch&) = delete;

 private:
  void see(ConstByteSpan node);
  std::vector<std::uint64_t> children_of(ConstByteSpan node) const;
  /// Of a node of the tree: 0 for leaves, which name chunks; 0 too where it is none.
  int level_of(ConstByteSpan node) const;

  Blocks& blocks_;
  const std::size_t key_size_;
  const std::uint64_t base_;  ///< of addresses in the file
  bool seen_ = false;
};

}  // namespace arraymorph::vfd
