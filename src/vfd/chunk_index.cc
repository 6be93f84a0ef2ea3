#include "vfd/chunk_index.h"

#include <algorithm>
#include <bit>
#include <string_view>

namespace arraymorph::vfd {
namespace {

constexpr std::size_t kAddressSize = 8;
constexpr std::uint64_t kUndefined = ~std::uint64_t{0};
constexpr std::size_t kMostNodes = 1 << 16;       // of one level
constexpr std::uint64_t kMostNodeSize = 1 << 22;  // bytes; larger ones are none
constexpr std::size_t kSignatureSize = 4;
// Signature, version, kind; what follows the content: a checksum.
constexpr std::size_t kPrefix = 6, kChecksum = 4;

std::uint64_t number(ConstByteSpan bytes, std::size_t at, std::size_t width) {
  std::uint64_t value = 0;
  if (at + width > bytes.size()) return 0;
  while (width-- > 0) value = (value << 8) | std::to_integer<std::uint64_t>(bytes[at + width]);
  return value;
}

std::string_view signature(ConstByteSpan bytes) {
  if (bytes.size() < kPrefix) return {};
  return {reinterpret_cast<const char*>(bytes.data()), kSignatureSize};
}

// Bytes that HDF5 gives to numbers up to `most`.
std::size_t width_of(std::uint64_t most) {
  return (static_cast<std::size_t>(std::bit_width(std::max<std::uint64_t>(most, 1))) - 1) / 8 + 1;
}

}  // namespace

ChunkIndexFetch::ChunkIndexFetch(Blocks& blocks, const Superblock& superblock, std::size_t rank)
    : blocks_(blocks), key_size_(8 + 8 * (rank + 1)), base_(superblock.offset) {
  if (superblock.address_size != kAddressSize) return;
  blocks_.watch([this](ConstByteSpan bytes) { see(bytes); });
}

ChunkIndexFetch::~ChunkIndexFetch() { blocks_.watch(nullptr); }

void ChunkIndexFetch::see(ConstByteSpan bytes) {
  if (seen_) return;
  const std::string_view what = signature(bytes);
  if (what == "TREE") see_tree1(bytes);
  if (what == "BTHD") see_tree2(bytes);
  if (what == "EAHD") see_array(bytes);
  if (what == "EAIB") see_index_block(bytes);
}

void ChunkIndexFetch::fetch(const Nodes& nodes) {
  std::vector<ByteRange> ranges;
  for (const Node& node : nodes) ranges.push_back({node.address, node.size});
  blocks_.prefetch(std::move(ranges));
}

// Defined addresses, one after the other.
ChunkIndexFetch::Nodes ChunkIndexFetch::pointers(ConstByteSpan bytes, std::size_t at,
                                                 std::uint64_t count, std::uint64_t size) const {
  Nodes nodes;
  for (std::uint64_t i = 0; i < count && at + kAddressSize <= bytes.size(); ++i) {
    const std::uint64_t address = number(bytes, at, kAddressSize);
    if (address != kUndefined) nodes.push_back({base_ + address, size, 0});
    at += kAddressSize;
  }
  return nodes;
}

// Version 1 B-trees: signature, type, level, number of entries, two siblings; then keys and
// addresses of children in turn. Nodes are of one size.
namespace {
constexpr std::size_t kType1 = 4, kLevel1 = 5, kEntries1 = 6, kHeader1 = 8 + 2 * kAddressSize;
constexpr int kChunkNode = 1;

int level1(ConstByteSpan node) {
  const bool ours = node.size() >= kHeader1 && signature(node) == "TREE" &&
                    std::to_integer<int>(node[kType1]) == kChunkNode;
  return ours ? std::to_integer<int>(node[kLevel1]) : 0;
}
}  // namespace

ChunkIndexFetch::Nodes ChunkIndexFetch::children1(ConstByteSpan node) const {
  Nodes children;
  const std::uint64_t entries = number(node, kEntries1, 2);
  for (std::uint64_t i = 0; i < entries; ++i) {
    const std::size_t at = kHeader1 + key_size_ + i * (key_size_ + kAddressSize);
    if (at + kAddressSize > node.size()) break;
    children.push_back({base_ + number(node, at, kAddressSize), node.size(), 0});
  }
  return children;
}

void ChunkIndexFetch::see_tree1(ConstByteSpan node) {
  int level = level1(node);
  if (level == 0) return;
  seen_ = true;
  Nodes children = children1(node);
  Buffer child(node.size());
  while (level-- > 0 && children.size() <= kMostNodes) {
    fetch(children);
    Nodes below;
    for (const Node& each : children) {
      // Levels go down by one, or a damaged tree might never end.
      if (level == 0 || !blocks_.peek(each.address, child.span()) ||
          level1(child.span()) != level) {
        continue;
      }
      const Nodes more = children1(child.span());
      below.insert(below.end(), more.begin(), more.end());
    }
    children = std::move(below);
  }
}

// Version 2 B-trees. Header: node size (4 bytes), record size (2), depth (2), two percentages,
// address of the root, its number of records (2). Inner nodes: records, then for each child its
// address, its number of records, and above the lowest of them the number of records below it.
ChunkIndexFetch::Nodes ChunkIndexFetch::children2(const Tree2& tree, ConstByteSpan node,
                                                  std::uint64_t records, std::size_t depth) const {
  Nodes children;
  if (signature(node) != "BTIN") return children;
  std::size_t at = kPrefix + records * tree.record_size;
  const std::size_t below = tree.subtree_widths[depth - 1];
  for (std::uint64_t i = 0; i <= records; ++i) {
    if (at + kAddressSize + tree.records_width + below > node.size()) break;
    children.push_back({base_ + number(node, at, kAddressSize), tree.node_size,
                        number(node, at + kAddressSize, tree.records_width)});
    at += kAddressSize + tree.records_width + below;
  }
  return children;
}

void ChunkIndexFetch::see_tree2(ConstByteSpan header) {
  constexpr std::size_t kUnfilteredChunks = 10, kFilteredChunks = 11, kMostDepth = 16;
  const std::uint64_t type = number(header, 5, 1);
  if (type != kUnfilteredChunks && type != kFilteredChunks) return;
  Tree2 tree;
  tree.node_size = number(header, kPrefix, 4);
  tree.record_size = number(header, kPrefix + 4, 2);
  std::size_t depth = number(header, kPrefix + 6, 2);
  const std::uint64_t root = number(header, kPrefix + 10, kAddressSize);
  const std::uint64_t records = number(header, kPrefix + 18, 2);
  const std::uint64_t fixed = kPrefix + kChecksum;
  if (depth == 0 || depth > kMostDepth || tree.record_size == 0 ||
      tree.node_size < fixed + tree.record_size || tree.node_size > kMostNodeSize) {
    return;
  }
  seen_ = true;
  std::uint64_t most = (tree.node_size - fixed) / tree.record_size;
  tree.records_width = width_of(most);
  tree.subtree_widths = {0};
  for (std::size_t d = 1; d < depth; ++d) {
    const std::uint64_t pointer = kAddressSize + tree.records_width + tree.subtree_widths.back();
    if (tree.node_size < fixed + pointer) return;
    const std::uint64_t here = (tree.node_size - fixed - pointer) / (tree.record_size + pointer);
    most = (here + 1) * most + here;
    tree.subtree_widths.push_back(width_of(most));
  }
  Nodes nodes{{base_ + root, tree.node_size, records}};
  Buffer bytes(tree.node_size);
  for (; !nodes.empty() && nodes.size() <= kMostNodes; --depth) {
    fetch(nodes);
    if (depth == 0) return;
    Nodes below;
    for (const Node& node : nodes) {
      if (!blocks_.peek(node.address, bytes.span())) continue;
      const Nodes more = children2(tree, bytes.span(), node.records, depth);
      below.insert(below.end(), more.begin(), more.end());
    }
    nodes = std::move(below);
  }
}

// Extensible arrays. Header: six sizes of a byte each, among others. Super block u stands for
// 2^(u/2) data blocks of 2^((u+1)/2) times the least number of elements. The data blocks of the
// first super blocks, and the others, have their addresses in the index block, behind the first
// elements.
std::uint64_t ChunkIndexFetch::Array::blocks(std::uint64_t super_block) const {
  return std::uint64_t{1} << std::min<std::uint64_t>(super_block / 2, 32);
}

std::uint64_t ChunkIndexFetch::Array::elements(std::uint64_t super_block) const {
  return least << std::min<std::uint64_t>((super_block + 1) / 2, 32);
}

std::uint64_t ChunkIndexFetch::Array::block_size(std::uint64_t count) const {
  const std::uint64_t pages = (count >> std::min<std::uint64_t>(page_bits, 63)) + 1;
  return kPrefix + kAddressSize + offset_width() + count * element_size + pages * kChecksum;
}

void ChunkIndexFetch::see_array(ConstByteSpan header) {
  array_.element_size = number(header, kPrefix, 1);
  array_.bits = number(header, kPrefix + 1, 1);
  array_.in_index = number(header, kPrefix + 2, 1);
  array_.least = number(header, kPrefix + 3, 1);
  array_.least_blocks = number(header, kPrefix + 4, 1);
  array_.page_bits = number(header, kPrefix + 5, 1);
}

void ChunkIndexFetch::see_index_block(ConstByteSpan block) {
  const bool sane = std::has_single_bit(array_.least) && std::has_single_bit(array_.least_blocks) &&
                    array_.least_blocks > 1 && array_.bits <= 64 &&
                    array_.bits >= static_cast<std::uint64_t>(std::bit_width(array_.least));
  if (!sane) return;
  seen_ = true;
  const auto log2 = [](std::uint64_t n) {
    return static_cast<std::uint64_t>(std::bit_width(n)) - 1;
  };
  const std::uint64_t super_blocks = 1 + array_.bits - log2(array_.least);
  const std::uint64_t direct = std::min(2 * log2(array_.least_blocks), super_blocks);
  std::size_t at = kPrefix + kAddressSize + array_.in_index * array_.element_size;
  Nodes nodes;
  for (std::uint64_t u = 0; u < direct; ++u) {
    const Nodes more = pointers(block, at, array_.blocks(u), array_.block_size(array_.elements(u)));
    nodes.insert(nodes.end(), more.begin(), more.end());
    at += array_.blocks(u) * kAddressSize;
  }
  Nodes supers;
  for (std::uint64_t u = direct; u < super_blocks; ++u, at += kAddressSize) {
    // `records` keeps which one it is. Their bits for pages that exist are few.
    const std::uint64_t least = kPrefix + kAddressSize + array_.offset_width() + kChecksum;
    for (Node node : pointers(block, at, 1, least + array_.blocks(u) * kAddressSize)) {
      const std::uint64_t elements = array_.elements(u);
      const std::uint64_t pages = elements >> std::min<std::uint64_t>(array_.page_bits, 63);
      if (pages > 1) node.size += array_.blocks(u) * ((pages + 7) / 8);
      node.records = u;
      if (node.size <= kMostNodeSize) supers.push_back(node);
    }
  }
  Nodes first = nodes;
  first.insert(first.end(), supers.begin(), supers.end());
  fetch(first);
  Nodes below;
  for (const Node& super : supers) {
    Buffer bytes(super.size);
    if (!blocks_.peek(super.address, bytes.span()) || signature(bytes.span()) != "EASB") continue;
    const std::uint64_t count = array_.blocks(super.records);
    const std::size_t addresses = super.size - kChecksum - count * kAddressSize;
    const Nodes more =
        pointers(bytes.span(), addresses, count, array_.block_size(array_.elements(super.records)));
    below.insert(below.end(), more.begin(), more.end());
  }
  if (below.size() <= kMostNodes) fetch(below);
}

}  // namespace arraymorph::vfd
