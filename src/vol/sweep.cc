#include "vol/sweep.h"

#include <set>

#include "hdf5/error.h"
#include "vol/dataset.h"
#include "vol/find_file.h"
#include "vol/object.h"
#include "vol/open_file.h"

namespace arraymorph::vol {
namespace {

herr_t note_dataset(hid_t, const char*, const H5O_info2_t* info, void* out) {
  if (info->type == H5O_TYPE_DATASET) {
    static_cast<std::set<Address>*>(out)->insert(address_in(info->token));
  }
  return 0;
}

}  // namespace

Status sweep(FileState& file, const Object& object) {
  if (file.catalog().datasets.empty()) {
    file.change_catalog().sweep_needed = false;
    return {};
  }
  std::set<Address> linked;
  ARRAYMORPH_TRY(visit_objects(object, by_name(object.type, "/"), note_dataset, &linked));
  bool still_open = false;
  std::vector<Address> gone;
  for (const auto& [address, entry] : file.catalog().datasets) {
    if (linked.contains(address)) continue;
    const auto live = file.datasets().find(address);
    // An unlinked dataset lives on until its last handle is closed.
    if (live != file.datasets().end() && live->second.use_count() > 1) {
      still_open = true;
    } else {
      gone.push_back(address);
    }
  }
  for (const Address address : gone) file.forget(address);
  file.change_catalog().sweep_needed = still_open;
  return {};
}

Status remove_stored(FileOpening& opening) {
  ObjectStore& store = *opening.store;
  if (opening.location.plain_only()) return remove(store, {opening.location.key});
  const std::string prefix = opening.location.key + "/";
  const std::string metadata = prefix + kMetadataKey;
  const auto live = live_file(opening.location);
  if (auto found = head(store, metadata); !found.ok()) {
    if (found.status().code() == Code::not_found && head(store, opening.location.key).ok()) {
      return remove(store, {opening.location.key});  // a plain file
    }
    if (!live || found.status().code() != Code::not_found) {
      return found.status().with_context("cannot delete " + opening.location.url());
    }
  }
  if (live) live->abandon();
  ARRAYMORPH_TRY(remove(store, {metadata}));
  ARRAYMORPH_ASSIGN(const auto objects, list_all(store, prefix));
  std::vector<std::string> keys;
  for (const ObjectInfo& object : objects) keys.push_back(object.key);
  return keys.empty() ? Status() : remove(store, std::move(keys));
}

Result<bool> is_stored(FileOpening& opening) {
  if (live_file(opening.location)) return true;
  auto there = is_there(*opening.store, opening.location);
  if (there.ok()) return there;
  return there.status().with_context("cannot tell whether " + opening.location.url() + " exists");
}

}  // namespace arraymorph::vol
