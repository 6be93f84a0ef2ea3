// A missing object is the fill value only if no commit has removed it. Commits remove objects after
// the metadata object has been replaced: so a commit that is still the same, or a later one that
// has given up nothing of the array, seen after the object was found missing, proves that there was
// none.
//
// An array that many calls find chunks missing of is listed once: what is not in the listing, while
// that was the commit, has never been there, whatever the commit is later. It costs about as much
// as was asked before.
#include "chunk/missing.h"

#include <algorithm>
#include <map>
#include <utility>

#include "chunk/current_commit.h"
#include "chunk/flush.h"

namespace arraymorph::chunk {
namespace {

constexpr std::uint64_t kKeysPerPage = 1000;
constexpr std::uint64_t kMostPages = 256;  // of a listing that is kept in memory

using Missing = std::map<ArrayState*, std::vector<const Index*>>;

constexpr const char* kGone = ": its object is gone";
constexpr const char* kLost = ": what was written is lost";

// Does the commit that was looked at have the object in the place where we look for it?
bool still_there(const ArrayState& array, const Records& now, const Index& index) {
  const auto version = now.versions.find(index);
  const std::string_view tag =
      version == now.versions.end() ? "" : std::string_view(version->second);
  return now.removed == array.spec.records.removed && tag == array.tag_of(index) &&
         !now.absent.contains(index);
}

Status check(const ArrayState& array, std::span<const Index* const> chunks, const char* what) {
  const Records* now = array.spec.commit->records_of(array.spec.prefix);
  for (const Index* index : chunks) {
    if (now != nullptr && still_there(array, *now, *index)) continue;
    const char* how = now == nullptr
                          ? " was replaced since it was opened here: the file, or the dataset in "
                            "it, was deleted and perhaps made anew; open it again"
                          : " was changed since it was opened here: a later commit has given up "
                            "objects of the dataset; open it again";
    return Status(Code::conflict, array.spec.commit->url() + how)
        .with_context(array.describe(*index, array.key(*index)) + what);
  }
  return {};
}

std::uint64_t pages_of(const Grid& grid) {
  std::uint64_t chunks = 1;
  for (std::size_t d = 0; d < grid.dims.size(); ++d) {
    const std::uint64_t along = (grid.dims[d] + grid.chunk[d] - 1) / grid.chunk[d];
    if (along > kMostPages * kKeysPerPage) return kMostPages + 1;
    chunks *= along;
    if (chunks > kMostPages * kKeysPerPage) return kMostPages + 1;
  }
  return chunks / kKeysPerPage + 1;
}

// It was asked so often that a listing costs no more.
bool worth_listing(ArrayState& array) {
  const std::uint64_t pages = pages_of(array.spec.grid);
  return !array.known && array.questions++ >= pages && pages <= kMostPages;
}

// What is stored later by ourselves is added as it is sent.
IndexSet about_to_exist(const ArrayState& array) {
  IndexSet indexes = array.written;
  for (const auto& [index, entry] : array.entries) {
    if (entry->unsaved) indexes.insert(index);
  }
  return indexes;
}

// The listing was made before the commit was looked at, and after `known` was.
void remember(ArrayState& array, IndexSet known, const std::vector<StoredChunk>& listed) {
  const Records* now = array.spec.commit->records_of(array.spec.prefix);
  if (now == nullptr || now->removed != array.spec.records.removed) return;
  for (const StoredChunk& chunk : listed) known.insert(chunk.index);
  for (const auto& [index, tag] : now->versions) known.insert(index);
  known.insert(now->absent.begin(), now->absent.end());
  array.known = std::move(known);
}

// A failure only means that it is asked again.
std::optional<std::vector<StoredChunk>> list(ArrayState& array, Lock& lock) {
  lock.unlock();
  auto listed = list_chunks(array);
  lock.lock();
  if (listed.ok()) return std::move(*listed);
  array.questions = 0;
  return std::nullopt;
}

Status look(CurrentCommit& commit, Lock& lock) {
  lock.unlock();
  Status status = commit.look();
  lock.lock();
  return status;
}

Status confirm_of_file(CurrentCommit& commit, const Missing& missing, Lock& lock) {
  struct Listing {
    ArrayState* array;
    IndexSet before;
    std::vector<StoredChunk> chunks;
  };
  std::vector<Listing> listings;
  for (const auto& [array, indexes] : missing) {
    if (array->spec.commit != &commit || !worth_listing(*array)) continue;
    IndexSet before = about_to_exist(*array);
    if (auto chunks = list(*array, lock)) {
      listings.push_back({array, std::move(before), std::move(*chunks)});
    }
  }
  const Status status = look(commit, lock);
  for (const auto& [array, indexes] : missing) {
    if (array->spec.commit != &commit) continue;
    if (!status.ok()) {
      return status.with_context(array->describe(*indexes.front(), array->key(*indexes.front())) +
                                 ": there is no object of this key");
    }
    ARRAYMORPH_TRY(check(*array, indexes, kGone));
  }
  for (Listing& each : listings) remember(*each.array, std::move(each.before), each.chunks);
  return {};
}

// No chunk that may have an object is missing in `there`.
bool knows_gaps(const ArrayState& array, const IndexSet& there) {
  return std::all_of(array.known->begin(), array.known->end(), [&](const Index& index) {
    return there.contains(index) || !array.spec.grid.contains(index) || array.absent(index);
  });
}

// The first chunk that the commit may have and `there` lacks.
std::optional<Index> first_gap(const ArrayState& array, const IndexSet& there) {
  const Grid& grid = array.spec.grid;
  Index index(grid.dims.size(), 0);
  while (grid.contains(index)) {
    if (!there.contains(index) && !array.absent(index)) return index;
    std::size_t d = index.size();
    while (d-- > 0) {
      if (++index[d] * grid.chunk[d] < grid.dims[d]) break;
      if (d > 0) index[d] = 0;
    }
  }
  return std::nullopt;
}

}  // namespace

Status confirm_missing(std::span<const MissingChunk> missing, Lock& lock) {
  Missing unknown;
  for (const MissingChunk& each : missing) {
    ArrayState& array = *each.array;
    if (array.spec.commit == nullptr || (array.known && !array.known->contains(each.index))) {
      continue;
    }
    unknown[&array].push_back(&each.index);
  }
  std::set<CurrentCommit*> files;
  for (const auto& [array, indexes] : unknown) {
    if (!files.insert(array->spec.commit).second) continue;
    ARRAYMORPH_TRY(confirm_of_file(*array->spec.commit, unknown, lock));
  }
  return {};
}

Status confirm_listing(ArrayState& array, const std::vector<StoredChunk>& listed, Lock& lock) {
  if (array.spec.commit == nullptr || array.spec.fresh) return {};
  IndexSet there;
  for (const StoredChunk& chunk : listed) there.insert(chunk.index);
  if (array.known && knows_gaps(array, there)) return {};
  const std::optional<Index> gap = first_gap(array, there);
  if (!gap) return {};
  if (const Status status = look(*array.spec.commit, lock); !status.ok()) {
    return status.with_context("dataset " + array.spec.name + ": not every chunk has an object");
  }
  std::vector<const Index*> missing{&*gap};
  if (const Records* now = array.spec.commit->records_of(array.spec.prefix)) {
    for (const auto& [index, tag] : now->versions) {
      if (!there.contains(index) && !array.absent(index)) missing.push_back(&index);
    }
  }
  ARRAYMORPH_TRY(check(array, missing, kGone));
  remember(array, array.written, listed);
  return {};
}

Status Array::confirm_written(std::span<Array* const> arrays) {
  Status first;
  std::set<CurrentCommit*> files;
  for (const Array* each : arrays) {
    ArrayState& array = *each->impl_->state;
    Lock lock(array.shared->mutex);
    if (array.sent.empty() || array.spec.commit == nullptr) continue;
    Status status;
    if (files.insert(array.spec.commit).second) status = look(*array.spec.commit, lock);
    if (!status.ok() && status.code() != Code::conflict) {
      return status.with_context("dataset " + array.spec.name + ": chunks were stored, but");
    }
    // Told once: it helps nobody to try again.
    const IndexSet sent = std::exchange(array.sent, {});
    if (!status.ok()) return status.with_context("dataset " + array.spec.name + kLost);
    std::vector<const Index*> chunks;
    for (const Index& index : sent) chunks.push_back(&index);
    status = check(array, chunks, kLost);
    if (first.ok()) first = std::move(status);
  }
  return first;
}

}  // namespace arraymorph::chunk
