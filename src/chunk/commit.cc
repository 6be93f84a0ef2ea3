// What an array owes to the commit that describes it: nothing comes into sight that was not written
// for it, and nothing is removed that the commit before it still refers to.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "chunk/cache.h"
#include "chunk/flush.h"
#include "chunk/load.h"
#include "chunk/send.h"

namespace arraymorph::chunk {
namespace {

constexpr std::size_t kKeysPerRemove = 1000;
constexpr std::uint64_t kKeysPerPage = 1000;
// Of chunks that nobody may look for, so many are recorded as absent at most.
constexpr std::uint64_t kMostRecorded = 10'000;

std::uint64_t chunks_along(const Grid& grid, std::size_t d) {
  return grid.dims[d] / grid.chunk[d] + (grid.dims[d] % grid.chunk[d] != 0);
}

// The chunks of `now` that are not in `before`, as boxes that do not overlap: [low, high) each.
struct ChunkBox {
  Index low;
  Index high;

  std::uint64_t count() const {
    std::uint64_t product = 1;
    for (std::size_t d = 0; d < low.size(); ++d) product *= high[d] - low[d];
    return product;
  }
};

std::vector<ChunkBox> grown_boxes(const Grid& before, const Grid& now) {
  const std::size_t rank = now.dims.size();
  std::vector<ChunkBox> boxes;
  ChunkBox rest{Index(rank, 0), Index(rank)};
  for (std::size_t d = 0; d < rank; ++d) rest.high[d] = chunks_along(now, d);
  for (std::size_t d = 0; d < rank; ++d) {
    const std::uint64_t inside = std::min(chunks_along(before, d), rest.high[d]);
    ChunkBox box = rest;
    box.low[d] = inside;
    if (box.count() > 0) boxes.push_back(std::move(box));
    rest.high[d] = inside;
  }
  return boxes;
}

// So many chunks are sooner taken one by one, all at once, than found by a listing, page by page.
std::uint64_t few_chunks(const Grid& grid) {
  std::uint64_t total = 1;
  for (std::size_t d = 0; d < grid.dims.size(); ++d) total *= chunks_along(grid, d);
  return 4 * (1 + total / kKeysPerPage);
}

bool next_in(const ChunkBox& box, Index& index) {
  for (std::size_t d = index.size(); d-- > 0;) {
    if (++index[d] < box.high[d]) return true;
    index[d] = box.low[d];
  }
  return false;
}

bool is_ours(const ArrayState& array, const Index& index) {
  return array.written.contains(index) || array.given_up.contains(index);
}

// Every chunk in the boxes that was not written here, whether it has an object or not.
std::vector<Index> not_ours(const ArrayState& array, const std::vector<ChunkBox>& boxes) {
  std::vector<Index> found;
  for (const ChunkBox& box : boxes) {
    Index index = box.low;
    do {
      if (!is_ours(array, index)) found.push_back(index);
    } while (next_in(box, index));
  }
  return found;
}

// Chunks that the new extent shows, whose object, if there is one, was not written for it.
// Releases the lock to ask the store.
Result<std::vector<Index>> leftovers(ArrayState& array, Lock& lock) {
  std::vector<Index> found;
  if (array.spec.fresh) return found;  // its keys belong to nobody else
  const std::vector<ChunkBox> boxes = grown_boxes(array.settled, array.spec.grid);
  std::uint64_t unknown = 0;
  for (const ChunkBox& box : boxes) unknown += box.count();
  const std::uint64_t few = few_chunks(array.spec.grid);
  if (unknown <= array.written.size() + few) {
    found = not_ours(array, boxes);
    if (found.size() <= few) return found;
    found.clear();
  }
  lock.unlock();
  auto listed = list_chunks(array);
  lock.lock();
  if (!listed.ok()) {
    const bool denied = listed.status().code() == Code::permission_denied;
    if (denied && unknown <= kMostRecorded) return not_ours(array, boxes);
    return listed.status();
  }
  for (StoredChunk& chunk : *listed) {
    const bool shown = array.spec.grid.contains(chunk.index);
    if (shown && !array.settled.contains(chunk.index) && !is_ours(array, chunk.index)) {
      found.push_back(std::move(chunk.index));
    }
  }
  return found;
}

// Releases the lock meanwhile.
Status remove_objects(ArrayState& array, std::vector<Index> indexes, Lock& lock) {
  while (!indexes.empty()) {
    const std::size_t from = indexes.size() - std::min(indexes.size(), kKeysPerRemove);
    std::vector<std::string> keys;
    for (std::size_t i = from; i < indexes.size(); ++i) keys.push_back(array.key(indexes[i]));
    lock.unlock();
    const Status status = remove(array.store, std::move(keys));
    lock.lock();
    if (!status.ok()) return status.with_context("dataset " + array.spec.name);
    for (std::size_t i = from; i < indexes.size(); ++i) {
      array.given_up.erase(indexes[i]);
      array.written.erase(indexes[i]);
      if (array.spec.records.versions.erase(indexes[i]) > 0) ++array.record_changes;
    }
    indexes.resize(from);
  }
  return {};
}

// The objects stay, for what was committed before.
void record_absent(ArrayState& array, const std::vector<Index>& indexes) {
  for (const Index& index : indexes) {
    if (!array.spec.new_objects) array.replaced.push_back(array.key(index));
    array.spec.records.absent.insert(index);
    array.spec.records.versions.erase(index);
    array.given_up.erase(index);
  }
  if (!indexes.empty()) ++array.record_changes;
}

// Objects that the commit before shows are removed after this one, at once or by `gc`.
void note_removal(ArrayState& array) {
  const bool removes = !array.spec.fresh && !array.inherited() &&
                       (!array.replaced.empty() ||
                        std::any_of(array.given_up.begin(), array.given_up.end(),
                                    [&](const Index& index) { return array.is_settled(index); }));
  if (!removes) return;
  array.removing = array.spec.session + "-" + std::to_string(array.commits);
  ++array.record_changes;
}

}  // namespace

Status Array::before_commit() {
  ArrayState& array = *impl_->state;
  Lock lock(array.shared->mutex);
  // Whatever becomes of this commit, what is written from now on is not part of it.
  ++array.commits;
  note_removal(array);
  if (array.inherited() || (array.given_up.empty() && array.settled.dims == array.spec.grid.dims)) {
    return {};
  }
  ARRAYMORPH_ASSIGN(std::vector<Index> stale, leftovers(array, lock));  // in no commit
  std::vector<Index> shown;                                             // by the one before
  for (const Index& index : array.given_up) {
    if (!array.spec.grid.contains(index)) continue;
    (array.is_settled(index) ? shown : stale).push_back(index);
  }
  record_absent(array, shown);
  if (!array.spec.new_objects || array.spec.fresh) {
    const Status removed = remove_objects(array, stale, lock);
    // Whoever may put objects but not remove them can say of them that they do not count.
    if (removed.code() != Code::permission_denied) return removed;
  }
  record_absent(array, stale);
  return {};
}

Records Array::records() const {
  const ArrayState& array = *impl_->state;
  const Lock lock(array.shared->mutex);
  Records records = array.spec.records;
  if (!array.removing.empty()) records.removed = array.removing;
  std::erase_if(records.versions,
                [&](const auto& version) { return !array.spec.grid.contains(version.first); });
  return records;
}

std::uint64_t Array::record_changes() const {
  const Lock lock(impl_->state->shared->mutex);
  return impl_->state->record_changes;
}

void Array::committed() {
  ArrayState& array = *impl_->state;
  const Lock lock(array.shared->mutex);
  array.spec.fresh = false;
  array.commits_before = array.commits;
  array.settled = array.spec.grid;
  array.written.clear();
  array.sent.clear();
  array.shrunk_over.clear();
  if (!array.removing.empty()) array.spec.records.removed = std::exchange(array.removing, {});
}

std::vector<std::string> Array::uncommitted(bool all) const {
  const ArrayState& array = *impl_->state;
  const Lock lock(array.shared->mutex);
  std::vector<std::string> keys;
  if (array.inherited()) return keys;
  if (all) {
    for (const Index& index : array.written) keys.push_back(array.key(index));
    return keys;
  }
  std::set<std::string> tags;
  for (std::uint64_t n = array.commits_before; n <= array.commits; ++n) {
    tags.insert(array.spec.session + "-" + std::to_string(n));
  }
  for (const auto& [index, tag] : array.spec.records.versions) {
    if (tags.contains(tag)) keys.push_back(chunk_key(array.spec.prefix, index, tag));
  }
  return keys;
}

Status Array::remove_given_up() {
  ArrayState& array = *impl_->state;
  Lock lock(array.shared->mutex);
  if (array.inherited()) return {};
  if (!array.replaced.empty()) {
    std::vector<std::string> keys = std::exchange(array.replaced, {});
    lock.unlock();
    const Status status = remove(array.store, keys);
    lock.lock();
    if (!status.ok()) {
      // Nothing of the array was sent meanwhile, so that none of these keys is needed again.
      array.replaced.insert(array.replaced.end(), keys.begin(), keys.end());
      return status;
    }
  }
  std::vector<Index> outside;
  for (const Index& index : array.given_up) {
    if (!array.spec.grid.contains(index)) outside.push_back(index);
  }
  if (!array.spec.new_objects) return remove_objects(array, std::move(outside), lock);
  for (const Index& index : outside) {
    array.given_up.erase(index);
    array.spec.records.versions.erase(index);
  }
  return {};
}

void Array::follow(const Extent& dims, Records records) {
  ArrayState& array = *impl_->state;
  Lock lock(array.shared->mutex);
  wait_loads(array, lock);
  drop_all(array);
  array.spec.grid.dims = dims;
  array.spec.records = std::move(records);
  array.settled = array.spec.grid;
  array.known.reset();
  array.pattern = AccessPattern();
  array.spent.clear();
}

}  // namespace arraymorph::chunk
