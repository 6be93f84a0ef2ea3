#include "vol/reach.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "hdf5/handle.h"
#include "runtime/log.h"
#include "store/open.h"
#include "store/pointer.h"
#include "store/reach.h"
#include "vol/dataset.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;
using hdf5::Handle;

std::string working_directory() {
  std::array<char, 4096> directory{};
  return getcwd(directory.data(), directory.size()) != nullptr ? directory.data() : "";
}

std::string path_of(const store::Location& local) {
  return (local.container == "/" ? "" : local.container) + "/" + local.key;
}

bool exists_locally(const store::Location& place) {
  struct stat info{};
  return place.kind == store::Location::Kind::local && lstat(path_of(place).c_str(), &info) == 0;
}

/// Where a pointer file of the local disk leads is judged as what the file itself names.
Status follow_pointer(const FileOpening& from, FileOpening& opening) {
  if (opening.location.kind != store::Location::Kind::local) return {};
  std::string path = path_of(opening.location);
  ARRAYMORPH_ASSIGN(const auto target, store::read_pointer(path));
  if (!target) return {};
  ARRAYMORPH_ASSIGN(auto location, store::locate(*target, opening.config));
  ARRAYMORPH_TRY(store::may_reach(from.location, *location, opening.config));
  opening.pointer = std::move(path);
  opening.location = std::move(*location);
  return {};
}

Result<std::shared_ptr<FileOpening>> open_place(const FileOpening& from, store::Location place,
                                                const Config& config) {
  auto opening = std::make_shared<FileOpening>();
  const bool same_store =
      place.kind == from.location.kind && place.container == from.location.container;
  opening->config = same_store ? from.config : config;
  opening->location = std::move(place);
  ARRAYMORPH_TRY(follow_pointer(from, *opening));
  opening->name = opening->location.identity();
  ARRAYMORPH_TRY(store::settle(opening->location, opening->config));
  ARRAYMORPH_ASSIGN(opening->store, store::open_store(opening->location, opening->config));
  ARRAYMORPH_TRY(fetch(*opening, false));
  return opening;
}

/// HDF5 makes several candidates of a name, some of which mean the same place.
bool known_missing(const store::Location& place) {
  const std::set<std::string>* missing = context().missing;
  return missing != nullptr && missing->contains(place.identity());
}

/// The names of the external files of a creation list, as they stand there.
std::vector<std::string> raw_files(hid_t dcpl) {
  std::vector<std::string> names;
  const int count = api().H5Pget_external_count(dcpl);
  std::string name(65536, '\0');
  for (int i = 0; i < count; ++i) {
    off_t offset = 0;
    hsize_t size = 0;
    if (api().H5Pget_external(dcpl, static_cast<unsigned>(i), name.size() - 1, name.data(), &offset,
                              &size) >= 0) {
      names.emplace_back(name.c_str());
    }
  }
  return names;
}

/// The prefix that HDF5 uses for the dataset (H5Pset_efile_prefix, HDF5_EXTFILE_PREFIX): the
/// access list of an open dataset has it expanded.
std::string prefix_in_use(const Object& dataset) {
  H5VL_dataset_get_args_t args{};
  args.op_type = H5VL_DATASET_GET_DAPL;
  if (api().H5VLdataset_get(dataset.under, native(), &args, default_transfer(), nullptr) < 0)
    return {};
  const Handle dapl(args.args.get_dapl.dapl_id);
  std::string prefix(65536, '\0');
  if (api().H5Pget_efile_prefix(dapl.get(), prefix.data(), prefix.size() - 1) < 0) return {};
  return prefix.c_str();
}

}  // namespace

Result<InReach> in_reach(const FileOpening& from, const std::string& name) {
  ARRAYMORPH_ASSIGN(const Config config, config_from_environment());
  const std::string directory = working_directory();
  const store::Origin file{from.location, from.name, directory};
  // Names without a scheme go where they went when the file itself was opened.
  ARRAYMORPH_ASSIGN(auto meanings, store::meanings(name, file, from.config));
  InReach found;
  for (store::Meaning& meaning : meanings) {
    Status status = store::may_reach(from.location, meaning.location, config);
    if (status.ok()) {
      found.places.push_back(std::move(meaning.location));
    } else if (found.refused.ok() && (meaning.stated || exists_locally(meaning.location))) {
      // Nobody asked for a place where names in general go: what is not there is not refused.
      found.refused = std::move(status);
    }
  }
  return found;
}

Result<std::shared_ptr<FileOpening>> reach(const FileOpening& from, const std::string& name) {
  ARRAYMORPH_ASSIGN(const InReach found, in_reach(from, name));
  ARRAYMORPH_ASSIGN(const Config config, config_from_environment());
  Status failure = found.refused;
  Status missing(Code::not_found, printable(name) + " is not there");
  for (const store::Location& place : found.places) {
    if (known_missing(place)) continue;
    auto opening = open_place(from, place, config);
    if (opening.ok()) return opening;
    if (opening.status().code() != Code::not_found) {
      if (failure.ok()) failure = opening.status();
      continue;
    }
    missing = opening.status();
    if (context().missing != nullptr) context().missing->insert(place.identity());
  }
  return failure.ok() ? missing : failure;
}

Status may_touch_raw_files(const Object& dataset) {
  const FileOpening& file = dataset.file->how_opened();
  ARRAYMORPH_ASSIGN(const Config config, config_from_environment());
  const Handle dcpl = creation_list_of(dataset);
  const std::string prefix = prefix_in_use(dataset);
  const std::vector<std::string> names = raw_files(dcpl.get());
  for (const std::string& name : names) {
    std::string path = name.starts_with('/') || prefix.empty() ? name : prefix + "/" + name;
    if (!path.starts_with('/')) path.insert(0, working_directory() + "/");
    const Status status = store::may_touch(file.location, path, config);
    if (!status.ok()) {
      return status.with_context("dataset " + path_of(dataset.under, H5I_DATASET) +
                                 " has external storage");
    }
  }
  if (!names.empty()) return {};
  return {Code::corrupt, "the external storage of dataset " + path_of(dataset.under, H5I_DATASET) +
                             " names no files"};
}

}  // namespace arraymorph::vol
