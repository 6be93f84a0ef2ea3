// Commit: chunk objects first, then one PUT of the metadata object, then the removal of what the
// new state has forgotten.
#include "runtime/log.h"
#include "runtime/stats.h"
#include "store/conditions.h"
#include "vol/dataset.h"
#include "vol/file_state.h"

namespace arraymorph::vol {

Status FileState::flush_chunks() {
  std::vector<chunk::Array*> dirty;
  for (const auto& [address, dataset] : datasets_) {
    if (dataset->array->dirty()) dirty.push_back(dataset->array.get());
  }
  return chunk::Array::flush(dirty);
}

void FileState::collect_filter_masks() {
  // Both maps are sorted by address: one walk, no search.
  auto entry = catalog_.datasets.begin();
  for (const auto& [address, dataset] : datasets_) {
    while (entry != catalog_.datasets.end() && entry->first < address) ++entry;
    if (entry == catalog_.datasets.end()) return;
    if (entry->first != address) continue;
    auto masks = dataset->array->filter_masks();
    if (masks == entry->second.filter_masks) continue;
    entry->second.filter_masks = std::move(masks);
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
  collect_filter_masks();
  const bool same_catalog =
      catalog_changes_ == committed_catalog_changes_ || catalog_.stored_by(committed_catalog_);
  if (exists_ && same_catalog && image_.changes() == committed_changes_) return {};

  const std::uint64_t changes = image_.changes();
  const std::uint64_t length = image_.length();
  if (!same_catalog || catalog_text_.empty()) {
    catalog_text_ = to_json(same_catalog ? committed_catalog_ : catalog_);
  }
  const std::uint32_t checksum = metadata_checksum(image_.span(), catalog_text_);
  const bool same =
      exists_ && same_catalog && checksum == committed_checksum_ && length == committed_length_;
  if (!same) {
    if (const Status status = put_metadata(encode_metadata(image_.span(), catalog_text_, checksum));
        !status.ok()) {
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
  remove_trash();
  return {};
}

Status FileState::put_metadata(Buffer object) {
  PutRequest request;
  request.key = key_prefix_ + kMetadataKey;
  request.body = std::make_shared<const Buffer>(std::move(object));
  request.durable = true;
  request.condition.kind = exists_ ? PutCondition::Kind::if_match : PutCondition::Kind::if_absent;
  request.condition.etag = etag_;
  auto reply = store::guarded_put(*store(), std::move(request), config());
  if (!reply.ok()) {
    const Code code = reply.status().code();
    if (code != Code::conflict && code != Code::already_exists) return reply.status();
    return {Code::conflict, "somebody else has committed " + url_ +
                                " since it was opened here; their state is kept, this one was not "
                                "stored: reopen the file and apply the changes again (" +
                                reply.status().message() + ")"};
  }
  exists_ = true;
  etag_ = reply->etag;
  count(stats().commits);
  return {};
}

// Failures leave garbage that the catalog still names as trash, never wrong data.
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
  ARRAYMORPH_ASSIGN(Loaded loaded, load(*store(), opening_->location));
  if (loaded.etag == etag_) return {};
  take(std::move(loaded));
  return {};
}

}  // namespace arraymorph::vol
