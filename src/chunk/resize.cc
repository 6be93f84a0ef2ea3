// H5Dset_extent: shrinking gives chunks up and clears the outside of those at the new edge. Growing
// needs nothing, since edge chunks are stored whole and hold the fill value outside; except that a
// session which crashed may have left something there.
#include <algorithm>
#include <cstring>

#include "chunk/cache.h"
#include "chunk/flush.h"
#include "chunk/load.h"
#include "chunk/send.h"

namespace arraymorph::chunk {
namespace {

bool shrinks(const Extent& from, const Extent& to) {
  for (std::size_t d = 0; d < from.size(); ++d) {
    if (to[d] < from[d]) return true;
  }
  return false;
}

// The chunk stays but loses elements in some dimension (it may gain some in another).
bool is_cut(const Grid& before, const Grid& after, const Index& index) {
  if (!after.contains(index)) return false;
  for (std::size_t d = 0; d < index.size(); ++d) {
    const std::uint64_t last = index[d] * after.chunk[d] + (after.chunk[d] - 1);
    if (after.dims[d] <= last && after.dims[d] < before.dims[d]) return true;
  }
  return false;
}

// Set every element of the chunk that lies outside grid.dims to the fill value.
void clear_outside(const Grid& grid, const Index& index, ConstByteSpan fill, ByteSpan chunk) {
  const std::size_t last = grid.chunk.size() - 1;
  const auto inside = [&](std::size_t d) {
    return std::min(grid.chunk[d], grid.dims[d] - index[d] * grid.chunk[d]);
  };
  const std::uint64_t row = grid.chunk[last] * grid.element_size;
  const std::uint64_t kept = inside(last) * grid.element_size;
  Index at(grid.chunk.size(), 0);
  for (std::uint64_t offset = 0; offset < chunk.size(); offset += row) {
    bool row_inside = true;
    for (std::size_t d = 0; d < last; ++d) row_inside = row_inside && at[d] < inside(d);
    const std::uint64_t begin = row_inside ? kept : 0;
    fill_chunk(chunk.subspan(offset + begin, row - begin), fill);
    for (std::size_t d = last; d-- > 0;) {
      if (++at[d] < grid.chunk[d]) break;
      at[d] = 0;
    }
  }
}

class Resize {
 public:
  Resize(ArrayState& array, const Extent& dims)
      : array_(array), before_(array.spec.grid), after_(array.spec.grid) {
    after_.dims = dims;
  }

  // Find out which chunks exist, with no request under way.
  Status collect() {
    {
      Lock lock(array_.shared->mutex);
      wait_idle(array_, lock);
      wait_loads(array_, lock);
      array_.pattern = AccessPattern();
      array_.spent.clear();
    }
    if (!array_.spec.fresh) {
      ARRAYMORPH_ASSIGN(const std::vector<StoredChunk> chunks, list_chunks(array_));
      for (const StoredChunk& chunk : chunks) objects_.insert(chunk.index);
    }
    const Lock lock(array_.shared->mutex);
    if (array_.spec.fresh) objects_ = array_.written;
    for (const Index& index : objects_) {
      if (!array_.absent(index)) exist_.insert(index);
    }
    for (const auto& [index, entry] : array_.entries) {
      if (entry->unsaved) exist_.insert(index);
    }
    return {};
  }

  Status clear_cut_chunks(Engine& engine, Array& array) const {
    std::vector<ChunkPlan> plans;
    {
      const Lock lock(array_.shared->mutex);
      for (const Index& index : exist_) {
        const bool cut = is_cut(before_, after_, index);
        if (cut) plans.emplace_back().index = index;
        if (cut || !after_.contains(index)) array_.shrunk_over.insert(index);
      }
    }
    std::vector<ChunkAccess> accesses;
    for (const ChunkPlan& plan : plans) accesses.push_back({&array, &plan});
    return write_chunks(engine, accesses, false, true, [&](std::size_t access, ByteSpan chunk) {
      clear_outside(after_, plans[access].index, array_.spec.fill.span(), chunk);
      return Status();
    });
  }

  void give_up() {
    Lock lock(array_.shared->mutex);
    // Clearing may have evicted chunks that lie outside; they count as existing all the same.
    wait_idle(array_, lock);
    std::vector<Entry*> cached;
    for (const auto& [index, entry] : array_.entries) {
      if (!after_.contains(index)) cached.push_back(entry.get());
    }
    for (Entry* entry : cached) drop(*entry);
    objects_.merge(exist_);
    for (const Index& index : objects_) {
      const bool stored = !array_.spec.fresh || array_.written.contains(index);
      if (stored && !after_.contains(index)) array_.given_up.insert(index);
    }
    Records& records = array_.spec.records;
    ++array_.record_changes;
    records.shrunk = records.shrunk || (array_.spec.new_objects && !array_.spec.fresh);
    std::erase_if(records.filter_masks,
                  [&](const auto& mask) { return !after_.contains(mask.first); });
    std::erase_if(records.absent, [&](const Index& index) { return !after_.contains(index); });
  }

 private:
  ArrayState& array_;
  const Grid before_;
  Grid after_;
  IndexSet objects_;  ///< chunks that have an object
  IndexSet exist_;    ///< chunks that are not just the fill value
};

// The chunks that hold elements on both sides of the old edge where the array grows for the first
// time in this session. What lies behind the edge was never committed.
std::vector<ChunkPlan> edge_chunks(const ArrayState& array, const Extent& dims) {
  const Grid& grid = array.spec.grid;
  std::vector<ChunkPlan> plans;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    const bool crossed = dims[d] > grid.dims[d] && grid.dims[d] % grid.chunk[d] != 0;
    if (!crossed || array.clean_edges.contains(d)) continue;
    Index index(dims.size(), 0);
    index[d] = grid.dims[d] / grid.chunk[d];
    while (grid.contains(index)) {
      plans.emplace_back().index = index;
      std::size_t axis = dims.size();
      while (axis-- > 0) {
        if (axis == d) continue;
        if (++index[axis] * grid.chunk[axis] < grid.dims[axis]) break;
        index[axis] = 0;
      }
      if (axis > dims.size()) break;  // around
    }
  }
  return plans;
}

Status clear_edges(Engine& engine, Array& array, ArrayState& state, const Extent& dims) {
  const std::vector<ChunkPlan> plans = edge_chunks(state, dims);
  if (plans.empty()) return {};
  const ConstByteSpan fill = state.spec.fill.span();
  const Grid grid = state.spec.grid;
  std::vector<ChunkAccess> accesses;
  for (const ChunkPlan& plan : plans) accesses.push_back({&array, &plan});
  std::vector<char> soiled(plans.size(), 0);
  ARRAYMORPH_TRY(read_chunks(engine, accesses, true, [&](std::size_t access, ConstByteSpan chunk) {
    Buffer clear = Buffer::copy_of(chunk);
    clear_outside(grid, plans[access].index, fill, clear.span());
    soiled[access] = !std::equal(chunk.begin(), chunk.end(), clear.data()) ? 1 : 0;
    return Status();
  }));
  std::vector<ChunkAccess> wanted;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    if (soiled[i] != 0) wanted.push_back(accesses[i]);
  }
  return write_chunks(engine, wanted, false, true, [&](std::size_t access, ByteSpan chunk) {
    clear_outside(grid, wanted[access].plan->index, fill, chunk);
    return Status();
  });
}

}  // namespace

Status Array::resize(const Extent& dims) {
  ArrayState& array = *impl_->state;
  Grid after = array.spec.grid;
  after.dims = dims;
  ARRAYMORPH_TRY(validate(after));
  const auto in_context = [&](const Status& status) {
    return status.ok() ? status : status.with_context("resizing dataset " + array.spec.name);
  };
  const bool grows = shrinks(dims, array.spec.grid.dims);
  if (grows && !array.spec.fresh) {
    ARRAYMORPH_TRY(in_context(clear_edges(*impl_->engine, *this, array, dims)));
  }
  if (shrinks(array.spec.grid.dims, dims)) {
    Resize resize(array, dims);
    ARRAYMORPH_TRY(in_context(resize.collect()));
    ARRAYMORPH_TRY(in_context(resize.clear_cut_chunks(*impl_->engine, *this)));
    resize.give_up();
  }
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (dims[d] > array.spec.grid.dims[d]) array.clean_edges.insert(d);
  }
  array.grown = array.grown || grows;
  array.spec.grid.dims = dims;
  return {};
}

}  // namespace arraymorph::chunk
