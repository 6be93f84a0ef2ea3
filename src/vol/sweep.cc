#include "vol/sweep.h"

#include <set>

#include "hdf5/error.h"
#include "vol/dataset.h"
#include "vol/find_file.h"
#include "vol/inventory.h"
#include "vol/object.h"
#include "vol/open_file.h"
#include "vol/walk.h"

namespace arraymorph::vol {
namespace {

/// Below a file that is mounted somewhere, "/" is the root group of the file it is mounted in.
bool has_own_root(const FileState& file, const Object& object) {
  const hdf5::SilenceErrors silence;
  const H5VL_loc_params_t root = by_name(object.type, "/");
  H5O_info2_t info{};
  H5VL_object_get_args_t args{};
  args.op_type = H5VL_OBJECT_GET_INFO;
  args.args.get_info.fields = H5O_INFO_BASIC;
  args.args.get_info.oinfo = &info;
  return hdf5::api().H5VLobject_get(object.under, &root, native(), &args, default_transfer(),
                                    nullptr) < 0 ||
         vfd::backing_of_fileno(info.fileno).get() == &file;
}

}  // namespace

void sweep(FileState& file, const Object& object) {
  const Catalog& catalog = file.catalog();
  if (catalog.datasets.empty()) {
    file.change_catalog().sweep_needed = false;
    return;
  }
  if (!has_own_root(file, object)) return;
  std::set<Address> linked;
  const Status seen = walk(object, "/",
                           {[&](const std::string&, Address address, H5O_type_t type) {
                              // HDF5 gives the address of a deleted dataset to what comes next, a
                              // group say.
                              const bool may_be_one =
                                  type == H5O_TYPE_DATASET || type == H5O_TYPE_UNKNOWN;
                              if (may_be_one) linked.insert(address);
                            },
                            [&](Address address) { return catalog.datasets.contains(address); }});
  if (!seen.ok()) file.tell_of_unswept(seen);
  bool later = !seen.ok();
  std::vector<Address> gone;
  for (const auto& [address, entry] : catalog.datasets) {
    // What lies below something that cannot be read may have a link there.
    if (linked.contains(address) || !seen.ok()) continue;
    const auto live = file.datasets().find(address);
    // An unlinked dataset lives on until its last handle is closed.
    if (live != file.datasets().end() && live->second.use_count() > 1) {
      later = true;
    } else {
      gone.push_back(address);
    }
  }
  for (const Address address : gone) file.forget(address);
  file.change_catalog().sweep_needed = later;
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
  ARRAYMORPH_ASSIGN(auto objects, list_all(store, prefix));
  for (ObjectInfo& object : objects) object.key.erase(0, prefix.size());
  std::vector<std::string> keys;
  for (const ListedObject& object : take_inventory({}, {}, std::move(objects)).objects) {
    const bool foreign =
        object.kind == ObjectKind::other_file || object.kind == ObjectKind::unknown;
    if (!foreign) keys.push_back(prefix + object.info.key);
  }
  return keys.empty() ? Status() : remove(store, std::move(keys));
}

Result<bool> is_stored(FileOpening& opening) {
  if (live_file(opening.location)) return true;
  auto there = is_there(*opening.store, opening.location);
  if (there.ok()) return there;
  return there.status().with_context("cannot tell whether " + opening.location.url() + " exists");
}

}  // namespace arraymorph::vol
