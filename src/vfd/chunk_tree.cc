#include "vfd/chunk_tree.h"

#include <cstring>

namespace arraymorph::vfd {
namespace {

constexpr std::size_t kAddressSize = 8;
constexpr std::size_t kHeaderSize = 8 + 2 * kAddressSize;
constexpr std::size_t kType = 4, kLevel = 5, kEntries = 6;
constexpr int kChunkNode = 1;
constexpr std::size_t kMostNodes = 1 << 16;  // of one level

std::uint64_t little_endian(const std::byte* at, std::size_t size) {
  std::uint64_t value = 0;
  while (size-- > 0) value = (value << 8) | std::to_integer<std::uint64_t>(at[size]);
  return value;
}

}  // namespace

ChunkTreeFetch::ChunkTreeFetch(Blocks& blocks, const Superblock& superblock, std::size_t rank)
    : blocks_(blocks), key_size_(8 + 8 * (rank + 1)), base_(superblock.offset) {
  if (superblock.address_size != kAddressSize) return;
  blocks_.watch([this](ConstByteSpan bytes) { see(bytes); });
}

ChunkTreeFetch::~ChunkTreeFetch() { blocks_.watch(nullptr); }

int ChunkTreeFetch::level_of(ConstByteSpan node) const {
  const bool ours = node.size() >= kHeaderSize && std::memcmp(node.data(), "TREE", 4) == 0 &&
                    std::to_integer<int>(node[kType]) == kChunkNode;
  return ours ? std::to_integer<int>(node[kLevel]) : 0;
}

std::vector<std::uint64_t> ChunkTreeFetch::children_of(ConstByteSpan node) const {
  std::vector<std::uint64_t> children;
  const std::uint64_t entries = little_endian(node.data() + kEntries, 2);
  for (std::uint64_t i = 0; i < entries; ++i) {
    const std::size_t at = kHeaderSize + key_size_ + i * (key_size_ + kAddressSize);
    if (at + kAddressSize > node.size()) break;
    children.push_back(base_ + little_endian(node.data() + at, kAddressSize));
  }
  return children;
}

void ChunkTreeFetch::see(ConstByteSpan node) {
  int level = seen_ ? 0 : level_of(node);
  if (level == 0) return;
  seen_ = true;
  std::vector<std::uint64_t> children = children_of(node);
  Buffer child(node.size());
  while (level-- > 0 && children.size() <= kMostNodes) {
    std::vector<ByteRange> nodes;
    for (const std::uint64_t address : children) nodes.push_back({address, node.size()});
    blocks_.prefetch(std::move(nodes));
    std::vector<std::uint64_t> below;
    for (const std::uint64_t address : children) {
      // Levels go down by one, or a damaged tree might never end.
      if (level == 0 || !blocks_.peek(address, child.span()) || level_of(child.span()) != level) {
        continue;
      }
      const auto more = children_of(child.span());
      below.insert(below.end(), more.begin(), more.end());
    }
    children = std::move(below);
  }
}

}  // namespace arraymorph::vfd
