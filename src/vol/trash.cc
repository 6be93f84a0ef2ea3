// Trash: prefixes that datasets have left behind. Their objects are removed after the commit that
// names them; what a crash or a failure left of them, by a later session.
//
// The commit cannot say of itself that its trash has been removed. So the session that removed it
// leaves a note beside the metadata object, of prefixes below which nothing is left, and the next
// commit forgets those. No prefix is ever given a second time, so that an old note is as true as a
// new one; without one the folders are looked at again.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/log.h"
#include "store/empty_folders.h"
#include "vol/emptied.h"
#include "vol/file_state.h"
#include "vol/inventory.h"

namespace arraymorph::vol {

Result<std::set<std::string>> read_emptied(ObjectStore& store, const std::string& key_prefix) {
  GetRequest request;
  request.key = key_prefix + kEmptiedKey;
  const auto reply = get(store, std::move(request));
  std::set<std::string> prefixes;
  if (!reply.ok()) {
    if (reply.status().code() == Code::not_found) return prefixes;
    return reply.status();
  }
  const ConstByteSpan bytes = reply->body.span();
  const auto* text = reinterpret_cast<const char*>(bytes.data());
  const auto note = nlohmann::json::parse(text, text + bytes.size(), nullptr,
                                          /*allow_exceptions=*/false);
  for (const auto& prefix : note.is_array() ? note : nlohmann::json::array()) {
    if (prefix.is_string()) prefixes.insert(prefix.get<std::string>());
  }
  return prefixes;
}

Status write_emptied(ObjectStore& store, const std::string& key_prefix,
                     const std::set<std::string>& prefixes) {
  const std::string text =
      nlohmann::json(prefixes).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  PutRequest request;
  request.key = key_prefix + kEmptiedKey;
  request.body = std::make_shared<const Buffer>(Buffer::copy_of(std::as_bytes(std::span(text))));
  return put(store, std::move(request)).status();
}

// What earlier sessions have left in the catalog, and noted as emptied. Asked once.
void FileState::forget_emptied() {
  if (!std::exchange(inherits_trash_, false) || catalog_.trash.empty()) return;
  const auto emptied = read_emptied(*store(), key_prefix_);
  if (!emptied.ok()) {
    inherits_trash_ = true;
    return;
  }
  std::erase_if(catalog_.trash, [&](const std::string& each) { return emptied->contains(each); });
}

// Of the last commit's trash, which nobody needs: before the next one, that forgets it.
void FileState::settle_inherited_trash() {
  if (!inherits_trash_) return;
  forget_emptied();
  std::set<std::string> inherited;
  std::set_intersection(catalog_.trash.begin(), catalog_.trash.end(),
                        committed_catalog_.trash.begin(), committed_catalog_.trash.end(),
                        std::inserter(inherited, inherited.end()));
  empty_trash(inherited);
}

void FileState::empty_trash(const std::set<std::string>& prefixes) {
  // Readers of earlier commits still refer to it: `arraymorph gc` removes it.
  if (config().write_mode != WriteMode::in_place || prefixes.empty()) return;
  std::set<std::string> folders;
  for (const std::string& prefix : prefixes) folders.insert(key_prefix_ + prefix + "/");
  // Chunks only: another file may lie below, whose name begins with this one's.
  const Status status = store::empty_folders(*store(), key_prefix_, folders, names_a_chunk);
  for (const std::string& prefix : prefixes) {
    if (folders.contains(key_prefix_ + prefix + "/")) continue;
    catalog_.trash.erase(prefix);
    trash_was_emptied_ = true;
  }
  if (status.ok()) return;
  log(LogLevel::warn, "objects under " + *folders.begin() +
                          " are no longer needed but could not be removed; the next commit tries "
                          "again: " +
                          status.message());
}

void FileState::remove_trash() {
  forget_emptied();
  empty_trash(std::set<std::string>(catalog_.trash));
}

// At the end of the session, for the next one; it only saves that one work.
void FileState::note_emptied() {
  if (!std::exchange(trash_was_emptied_, false)) return;
  std::set<std::string> emptied;
  std::set_difference(committed_catalog_.trash.begin(), committed_catalog_.trash.end(),
                      catalog_.trash.begin(), catalog_.trash.end(),
                      std::inserter(emptied, emptied.end()));
  if (emptied.empty()) return;
  const Status status = write_emptied(*store(), key_prefix_, emptied);
  if (!status.ok()) log(LogLevel::info, "cannot note what was removed: " + status.message());
}

}  // namespace arraymorph::vol
