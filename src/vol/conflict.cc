// A commit that has lost against somebody else's: what is said, and what becomes of the objects
// that it alone would have referred to.
#include "hdf5/caller.h"
#include "runtime/log.h"
#include "vol/context.h"
#include "vol/dataset.h"
#include "vol/file_state.h"

namespace arraymorph::vol {
namespace {

OnConflict wanted_now() {
  const auto config = config_from_environment();
  return config.ok() ? config->on_conflict : OnConflict::fail;
}

}  // namespace

// Ok: to be overwritten, or abandoned now.
Status FileState::report_conflict(const Status& cause) {
  // Read anew, for whoever decides after the first failure.
  const OnConflict wanted = wanted_now();
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
  if (cause.message().ends_with(kRemoved)) {
    return {Code::conflict,
            "somebody else has removed " + url_ +
                " since it was opened here; this one was not stored: make the file anew and apply "
                "the changes; with ARRAYMORPH_ON_CONFLICT=overwrite a close stores it as it is "
                "here, with discard it lets go of it"};
  }
  return {Code::conflict,
          "somebody else has committed " + url_ +
              " since it was opened here; their state is kept, this one was not stored: open the "
              "file again and apply the changes; with ARRAYMORPH_ON_CONFLICT=overwrite a close "
              "replaces theirs, with discard it lets go of this one"};
}

bool FileState::lost() const { return conflict_reported_ && wanted_now() != OnConflict::overwrite; }

void FileState::tell(const Status& failure) {
  if (context().flushing || hdf5::caller_shows_errors() || !told_.insert(failure.code()).second)
    return;
  const std::string what = "what was changed in " + url_ + " could not be stored: ";
  log(LogLevel::warn, (failure.code() == Code::conflict ? "" : what) + failure.message());
}

std::vector<std::string> FileState::lost_objects() const {
  std::vector<std::string> keys;
  std::set<std::string> committed = committed_catalog_.trash;
  for (const auto& [address, entry] : committed_catalog_.datasets) committed.insert(entry.prefix);
  // What others may have named alike is left for `arraymorph gc`.
  const auto is_ours = [&](const std::string& prefix) {
    return prefix.find("~" + session_) != std::string::npos && !committed.contains(prefix);
  };
  for (const auto& [address, dataset] : datasets_) {
    const auto entry = catalog_.datasets.find(address);
    if (entry == catalog_.datasets.end()) continue;
    const bool whole = is_ours(entry->second.prefix);
    if (!whole && !committed.contains(entry->second.prefix)) continue;
    for (std::string& key : dataset->array->uncommitted(whole)) keys.push_back(std::move(key));
  }
  for (const std::string& prefix : catalog_.trash) {
    if (!is_ours(prefix)) continue;
    auto objects = list_all(*store(), key_prefix_ + prefix + "/");
    if (!objects.ok()) continue;
    for (ObjectInfo& object : *objects) keys.push_back(std::move(object.key));
  }
  return keys;
}

void FileState::remove_lost() {
  // A commit of ours that arrived without our knowing may be what theirs was made from.
  if (!conflict_reported_ || !attempts_.empty()) return;
  conflict_reported_ = false;
  std::vector<std::string> keys = lost_objects();
  if (keys.empty()) return;
  if (const Status status = remove(*store(), std::move(keys)); !status.ok()) {
    log(LogLevel::info,
        "objects of a commit to " + url_ +
            " that failed could not be removed; `arraymorph gc` does: " + status.message());
  }
}

}  // namespace arraymorph::vol
