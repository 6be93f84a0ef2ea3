#include "vol/allocated_chunks.h"

#include <algorithm>
#include <utility>

#include "vol/dataset.h"

namespace arraymorph::vol {
namespace {

chunk::Extent counts_of(const chunk::Grid& grid) {
  chunk::Extent counts;
  for (std::size_t d = 0; d < grid.dims.size(); ++d) {
    counts.push_back(grid.dims[d] / grid.chunk[d] + (grid.dims[d] % grid.chunk[d] != 0));
  }
  return counts;
}

std::uint64_t total(const chunk::Extent& counts) {
  std::uint64_t all = 1;
  for (const std::uint64_t along : counts) all *= along;
  return all;
}

}  // namespace

AllocatedChunks::AllocatedChunks(chunk::Grid grid, std::vector<chunk::StoredChunk> stored,
                                 std::optional<EncodedChunk> unwritten)
    : grid_(std::move(grid)),
      counts_(counts_of(grid_)),
      stored_(std::move(stored)),
      unwritten_(std::move(unwritten)),
      bytes_before_{0} {
  for (const chunk::StoredChunk& chunk : stored_) {
    bytes_before_.push_back(bytes_before_.back() + chunk.size);
  }
}

std::uint64_t AllocatedChunks::count() const {
  return unwritten_ ? total(counts_) : stored_.size();
}

std::uint64_t AllocatedChunks::position(std::uint64_t n, std::size_t stored_before) const {
  const std::uint64_t others = unwritten_ ? (n - stored_before) * unwritten_->bytes.size() : 0;
  return bytes_before_[stored_before] + others;
}

std::size_t AllocatedChunks::stored_from(const chunk::Index& index) const {
  const auto found = std::lower_bound(
      stored_.begin(), stored_.end(), index,
      [](const chunk::StoredChunk& chunk, const chunk::Index& key) { return chunk.index < key; });
  return static_cast<std::size_t>(found - stored_.begin());
}

AllocatedChunks::Chunk AllocatedChunks::make(chunk::Index index, std::uint64_t n,
                                             std::size_t before) const {
  Chunk chunk{std::move(index), 0, 0, position(n, before)};
  if (before < stored_.size() && stored_[before].index == chunk.index) {
    chunk.size = stored_[before].size;
    chunk.filter_mask = stored_[before].filter_mask;
  } else {
    chunk.size = unwritten_->bytes.size();
    chunk.filter_mask = unwritten_->filter_mask;
  }
  return chunk;
}

AllocatedChunks::Chunk AllocatedChunks::at(std::uint64_t n) const {
  if (!unwritten_) {
    const auto stored = static_cast<std::size_t>(n);
    return make(stored_[stored].index, n, stored);
  }
  chunk::Index index(counts_.size());
  std::uint64_t rest = n;
  for (std::size_t d = index.size(); d-- > 0; rest /= counts_[d]) index[d] = rest % counts_[d];
  const std::size_t before = stored_from(index);
  return make(std::move(index), n, before);
}

std::optional<AllocatedChunks::Chunk> AllocatedChunks::find(const chunk::Index& index) const {
  if (!grid_.contains(index)) return std::nullopt;
  const std::size_t before = stored_from(index);
  if (!unwritten_) {
    if (before == stored_.size() || stored_[before].index != index) return std::nullopt;
    return make(index, before, before);
  }
  std::uint64_t n = 0;
  for (std::size_t d = 0; d < index.size(); ++d) n = n * counts_[d] + index[d];
  return make(index, n, before);
}

Result<std::optional<EncodedChunk>> unwritten_chunk(const Dataset& dataset) {
  if (dataset.contiguous || dataset.user_alloc_time != H5D_ALLOC_TIME_EARLY) {
    return std::optional<EncodedChunk>();
  }
  ARRAYMORPH_ASSIGN(EncodedChunk chunk, dataset.array->encoded_fill());
  return std::optional<EncodedChunk>(std::move(chunk));
}

Result<std::shared_ptr<const AllocatedChunks>> allocated_chunks(Dataset& dataset, bool again) {
  if (again || !dataset.listed) {
    ARRAYMORPH_ASSIGN(auto stored, dataset.array->stored());
    ARRAYMORPH_ASSIGN(auto unwritten, unwritten_chunk(dataset));
    dataset.listed = std::make_shared<const AllocatedChunks>(
        dataset.array->grid(), std::move(stored), std::move(unwritten));
  }
  return dataset.listed;
}

}  // namespace arraymorph::vol
