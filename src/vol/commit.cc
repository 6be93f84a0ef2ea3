// Commit: chunk objects first, then one PUT of the metadata object, then the removal of what the
// new state has forgotten.
#include <algorithm>
#include <utility>

#include "runtime/checksum.h"
#include "runtime/log.h"
#include "runtime/stats.h"
#include "store/conditions.h"
#include "vol/dataset.h"
#include "vol/file_state.h"
#include "vol/find_file.h"

namespace arraymorph::vol {
namespace {

// Everything that was there still is: a writer that others follow removes nothing.
bool continues(const Catalog& before, const Catalog& now) {
  return std::all_of(before.datasets.begin(), before.datasets.end(), [&](const auto& each) {
    const auto found = now.datasets.find(each.first);
    return found != now.datasets.end() && found->second.prefix == each.second.prefix;
  });
}

}  // namespace

Status FileState::flush_chunks() {
  std::vector<chunk::Array*> dirty;
  for (const auto& [address, dataset] : datasets_) {
    if (dataset->array->dirty()) dirty.push_back(dataset->array.get());
  }
  return chunk::Array::flush(dirty);
}

// Chunks alone have been stored: nothing else would tell that nobody will look there any more.
Status FileState::confirm_written() {
  std::vector<chunk::Array*> arrays;
  for (const auto& [address, dataset] : datasets_) arrays.push_back(dataset->array.get());
  return chunk::Array::confirm_written(arrays);
}

// Nothing may come into sight with the commit that was not written for it.
Status FileState::before_commit() {
  for (const auto& [address, dataset] : datasets_) ARRAYMORPH_TRY(dataset->array->before_commit());
  return {};
}

void FileState::collect_records() {
  // Both maps are sorted by address: one walk, no search.
  auto entry = catalog_.datasets.begin();
  for (const auto& [address, dataset] : datasets_) {
    while (entry != catalog_.datasets.end() && entry->first < address) ++entry;
    if (entry == catalog_.datasets.end()) return;
    const std::uint64_t changes = dataset->array->record_changes();
    if (entry->first != address || changes == dataset->record_changes) continue;
    dataset->record_changes = changes;
    entry->second.records = dataset->array->records();
    ++catalog_changes_;
  }
}

Status FileState::commit() {
  if (inherited()) return {};
  if (abandoned_) {
    for (const auto& [address, dataset] : datasets_) dataset->array->abandon();
    return {};
  }
  ARRAYMORPH_TRY(flush_chunks());
  ARRAYMORPH_TRY(before_commit());
  collect_records();
  const bool same_catalog =
      catalog_changes_ == committed_catalog_changes_ || catalog_.stored_by(committed_catalog_);
  const bool unchanged = exists_ && same_catalog && image_.changes() == committed_changes_;
  if (!unchanged) ARRAYMORPH_TRY(store_metadata(same_catalog));
  if (!abandoned_) ARRAYMORPH_TRY(confirm_written());
  // What was discarded has given nothing up: theirs still refers to it.
  if (!abandoned_) remove_garbage();
  return {};
}

Status FileState::store_metadata(bool same_catalog) {
  const std::uint64_t changes = image_.changes();
  const std::uint64_t length = image_.length();
  if (!same_catalog) settle_inherited_trash();
  if (!same_catalog || catalog_text_.empty()) {
    catalog_text_ = to_json(same_catalog ? committed_catalog_ : catalog_);
  }
  std::uint32_t checksum = metadata_checksum(image_.span(), catalog_text_);
  const bool same =
      exists_ && same_catalog && checksum == committed_checksum_ && length == committed_length_;
  if (!same) {
    if (same_catalog) settle_inherited_trash();
    if (same_catalog && catalog_.trash != committed_catalog_.trash) {
      catalog_text_ = to_json(catalog_);
      checksum = metadata_checksum(image_.span(), catalog_text_);
    }
    if (const Status status = put_metadata(checksum); !status.ok()) {
      catalog_text_.clear();
      return status;
    }
    if (abandoned_) return {};  // discarded: theirs is what stands there
    committed_checksum_ = checksum;
    committed_length_ = length;
    if (!same_catalog || catalog_.trash != committed_catalog_.trash) committed_catalog_ = catalog_;
    for (const auto& [address, dataset] : datasets_) dataset->array->committed();
  }
  committed_catalog_changes_ = catalog_changes_;
  committed_changes_ = changes;
  return {};
}

Status FileState::put_metadata(std::uint32_t checksum) {
  const std::uint64_t id = random_id();
  PutRequest request;
  request.key = key_prefix_ + kMetadataKey;
  request.body =
      std::make_shared<const Buffer>(encode_metadata(image_.span(), catalog_text_, checksum, id));
  if (config().checksums != Checksums::off) request.checksum = crc32c(request.body->span());
  request.durable = true;
  auto reply = put_conditionally(request);
  const auto lost_race = [&] {
    const Code code = reply.status().code();
    return code == Code::conflict || code == Code::already_exists;
  };
  if (lost_race() && earlier_put_arrived()) reply = put_conditionally(request);
  if (lost_race()) {
    if (const Status status = report_conflict(reply.status()); !status.ok() || abandoned_) {
      return status;
    }
    reply = put(*store(), request);
  }
  if (!reply.ok()) {
    // Whether it arrived all the same shows when it is tried again.
    if (reply.status().code() == Code::unavailable) attempts_.insert(id);
    return reply.status();
  }
  attempts_.clear();
  conflict_reported_ = false;
  told_.clear();
  exists_ = true;
  etag_ = reply->etag;
  later_.reset();
  count(stats().commits);
  log(LogLevel::info, "committed " + url_);
  return {};
}

Result<PutReply> FileState::put_conditionally(const PutRequest& request) {
  PutRequest conditional = request;
  conditional.condition.kind =
      exists_ ? PutCondition::Kind::if_match : PutCondition::Kind::if_absent;
  conditional.condition.etag = etag_;
  return store::guarded_put(*store(), std::move(conditional), config());
}

// A commit of ours that was reported as failed is the one that stands there. The next one goes on
// from it.
bool FileState::earlier_put_arrived() {
  if (attempts_.empty()) return false;
  auto found = load(*store(), opening_->location);
  if (!found.ok() || !attempts_.contains(found->metadata.commit_id)) return false;
  exists_ = true;
  etag_ = std::move(found->etag);
  return true;
}

// What no commit refers to any more. Failures leave garbage, never wrong data: trash is named by
// the catalog, and objects outside an extent do not count.
void FileState::remove_garbage() {
  for (const auto& [address, dataset] : datasets_) {
    const Status status = dataset->array->remove_given_up();
    if (!status.ok() && !std::exchange(garbage_told_, true)) {
      log(LogLevel::warn,
          "objects that are no longer needed could not be removed; the next commits try again: " +
              status.message());
    }
  }
  remove_trash();
}

Status FileState::reload() {
  if (blocks_) return {};  // an object that is replaced is noticed by its entity tag
  ARRAYMORPH_ASSIGN(Loaded loaded, load(*store(), opening_->location));
  if (loaded.etag == etag_) return {};
  if (!continues(committed_catalog_, loaded.metadata.catalog)) {
    return {Code::conflict,
            url_ +
                " was replaced since it was opened here: the file, or a dataset in it, was "
                "deleted and perhaps made anew; open it again"};
  }
  take(std::move(loaded));
  return {};
}

}  // namespace arraymorph::vol
