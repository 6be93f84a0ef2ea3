// Commit: chunk objects first, then one PUT of the metadata object, then the removal of what the
// new state has forgotten.
#include <utility>

#include "runtime/checksum.h"
#include "runtime/log.h"
#include "runtime/stats.h"
#include "store/conditions.h"
#include "vol/dataset.h"
#include "vol/file_state.h"
#include "vol/find_file.h"

namespace arraymorph::vol {

Status FileState::flush_chunks() {
  std::vector<chunk::Array*> dirty;
  for (const auto& [address, dataset] : datasets_) {
    if (dataset->array->dirty()) dirty.push_back(dataset->array.get());
  }
  return chunk::Array::flush(dirty);
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
  // What was discarded has given nothing up: theirs still refers to it.
  if (!abandoned_) remove_garbage();
  return {};
}

Status FileState::store_metadata(bool same_catalog) {
  const std::uint64_t changes = image_.changes();
  const std::uint64_t length = image_.length();
  if (!same_catalog || catalog_text_.empty()) {
    catalog_text_ = to_json(same_catalog ? committed_catalog_ : catalog_);
  }
  const std::uint32_t checksum = metadata_checksum(image_.span(), catalog_text_);
  const bool same =
      exists_ && same_catalog && checksum == committed_checksum_ && length == committed_length_;
  if (!same) {
    if (const Status status = put_metadata(checksum); !status.ok()) {
      catalog_text_.clear();
      return status;
    }
    committed_checksum_ = checksum;
    committed_length_ = length;
    if (!same_catalog || catalog_.trash != committed_catalog_.trash) {
      // What has been removed since is left out next time.
      if (same_catalog) catalog_text_.clear();
      committed_catalog_ = catalog_;
    }
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
  exists_ = true;
  etag_ = reply->etag;
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

// Ok: to be overwritten, or abandoned now.
Status FileState::report_conflict(const Status& cause) {
  // Read anew, for whoever decides after the first failure.
  const auto config = config_from_environment();
  const OnConflict wanted = config.ok() ? config->on_conflict : OnConflict::fail;
  if (wanted == OnConflict::overwrite) {
    log(LogLevel::warn, "ARRAYMORPH_ON_CONFLICT=overwrite: what somebody else has committed to " +
                            url_ + " since it was opened here is replaced");
    return {};
  }
  if (wanted == OnConflict::discard && conflict_reported_) {
    log(LogLevel::warn, "ARRAYMORPH_ON_CONFLICT=discard: what was changed in " + url_ +
                            " here and is in conflict with a commit of somebody else is dropped");
    abandon();
    return {};
  }
  conflict_reported_ = true;
  unlist();
  return {Code::conflict,
          "somebody else has committed " + url_ +
              " since it was opened here; their state is kept, this one was not stored: open the "
              "file again and apply the changes; and close this one with "
              "ARRAYMORPH_ON_CONFLICT=discard, or with overwrite to replace theirs (" +
              cause.message() + ")"};
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
  // Readers of earlier commits still refer to it: `arraymorph gc` removes it.
  if (config().write_mode == WriteMode::in_place) remove_trash();
}

void FileState::remove_trash() {
  for (auto prefix = catalog_.trash.begin(); prefix != catalog_.trash.end();) {
    std::vector<std::string> keys;
    auto objects = list_all(*store(), key_prefix_ + *prefix + "/");
    if (objects.ok()) {
      for (ObjectInfo& object : *objects) keys.push_back(std::move(object.key));
    }
    if (!objects.ok() || (!keys.empty() && !remove(*store(), std::move(keys)).ok())) {
      log(LogLevel::warn, "objects under " + url_ + "/" + *prefix +
                              " are no longer needed but could not be removed; the next commit "
                              "tries again");
      ++prefix;
      continue;
    }
    prefix = catalog_.trash.erase(prefix);
  }
}

Status FileState::reload() {
  if (blocks_) return {};  // an object that is replaced is noticed by its entity tag
  ARRAYMORPH_ASSIGN(Loaded loaded, load(*store(), opening_->location));
  if (loaded.etag == etag_) return {};
  take(std::move(loaded));
  return {};
}

}  // namespace arraymorph::vol
