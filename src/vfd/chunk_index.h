// Fetching the nodes of a chunk index together, instead of one by one as HDF5 walks it.
#pragma once

#include <cstdint>
#include <vector>

#include "vfd/blocks.h"

namespace arraymorph::vfd {

/// While it lives, what HDF5 reads first of a chunk index brings all the rest of it into `blocks`,
/// level by level. Known are version 1 and 2 B-trees and extensible arrays (HDF5 File Format
/// Specification, III.A, VII.D); fixed arrays lie in one piece anyway. HDF5 parses the index itself
/// and finds it in memory: what this cannot make sense of costs time, no more. One at a time.
class ChunkIndexFetch {
 public:
  /// `rank` of the dataset.
  ChunkIndexFetch(Blocks& blocks, const Superblock& superblock, std::size_t rank);
  ~ChunkIndexFetch();
  ChunkIndexFetch(const ChunkIndexFetch&) = delete;
  ChunkIndexFetch& operator=(const ChunkIndexFetch&) = delete;

 private:
  /// A node that is to be fetched.
  struct Node {
    std::uint64_t address = 0;  ///< in the object
    std::uint64_t size = 0;     ///< bytes
    std::uint64_t records = 0;  ///< version 2 B-trees: what its parent says of it
  };
  using Nodes = std::vector<Node>;

  /// How a version 2 B-tree packs pointers to nodes, by their depth (0: leaves).
  struct Tree2 {
    std::uint64_t node_size = 0, record_size = 0;
    std::size_t records_width = 0;            ///< bytes of a number of records
    std::vector<std::size_t> subtree_widths;  ///< bytes of the number of records below
  };

  /// An extensible array's sizes.
  struct Array {
    std::uint64_t element_size = 0, bits = 0, in_index = 0, least = 0, least_blocks = 0,
                  page_bits = 0;
    std::size_t offset_width() const { return (bits + 7) / 8; }
    std::uint64_t elements(std::uint64_t super_block) const;
    std::uint64_t blocks(std::uint64_t super_block) const;
    std::uint64_t block_size(std::uint64_t elements) const;
  };

  void see(ConstByteSpan bytes);
  void fetch(const Nodes& nodes);
  Nodes pointers(ConstByteSpan bytes, std::size_t at, std::uint64_t count,
                 std::uint64_t size) const;

  void see_tree1(ConstByteSpan node);
  Nodes children1(ConstByteSpan node) const;
  void see_tree2(ConstByteSpan header);
  Nodes children2(const Tree2& tree, ConstByteSpan node, std::uint64_t records,
                  std::size_t depth) const;
  void see_array(ConstByteSpan header);
  void see_index_block(ConstByteSpan block);

  Blocks& blocks_;
  const std::size_t key_size_;  ///< of version 1 B-trees
  const std::uint64_t base_;    ///< of addresses in the file
  bool seen_ = false;
  Array array_;
};

}  // namespace arraymorph::vfd
