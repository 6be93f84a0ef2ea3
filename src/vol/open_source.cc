#include "vol/open_source.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>

#include "hdf5/error.h"
#include "vol/file_state.h"
#include "vol/open_failure.h"
#include "vol/open_file.h"
#include "vol/reach.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;
using hdf5::Handle;

bool is_url(const std::string& name) { return name.find("://") != std::string::npos; }

std::string below(const std::string& folder, const std::string& name) {
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

/// The separator after an entry of a list of prefixes: a ':' that belongs to no URL.
std::size_t end_of_entry(const std::string& list, std::size_t begin) {
  bool in_host = false;  // between "://" and the next slash
  for (std::size_t at = begin; at < list.size(); ++at) {
    if (list[at] == '/') in_host = false;
    if (list[at] != ':') continue;
    if (list.compare(at, 3, "://") == 0) {
      in_host = true;
      at += 2;
    } else if (!in_host || at + 1 == list.size() ||
               std::isdigit(static_cast<unsigned char>(list[at + 1])) == 0) {
      return at;
    }
  }
  return list.size();
}

std::vector<std::string> prefixes_of(const std::string& property) {
  std::vector<std::string> prefixes;
  if (const char* variable = std::getenv("HDF5_VDS_PREFIX")) {
    const std::string list = variable;
    for (std::size_t begin = 0; begin < list.size();) {
      const std::size_t end = end_of_entry(list, begin);
      prefixes.push_back(list.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  prefixes.push_back(property);
  std::erase_if(prefixes, [](const std::string& each) { return each.empty() || each == "."; });
  return prefixes;
}

/// A list that opens a file as what the parent leads to. HDF5 refuses to open a file twice with
/// different degrees of closing: the default one fits every file that is open, the parent's is what
/// the program will open the others with.
Handle file_access_list(FileState& parent, const store::Location& source) {
  const int degree = live_file(source) ? H5F_CLOSE_DEFAULT : parent.close_degree();
  const vfd::DriverInfo origin{parent.opening()};
  Handle list(api().H5Pcreate(ARRAYMORPH_HDF5_ID(H5P_CLS_FILE_ACCESS_ID_g)));
  api().H5Pset_fclose_degree(list.get(), static_cast<H5F_close_degree_t>(degree));
  api().H5Pset_vol(list.get(), own_connector(), nullptr);
  api().H5Pset_driver(list.get(), context().driver, &origin);
  return list;
}

/// What has kept `place` from being opened, just now.
Status failure_of_open(const store::Location& place, const OpenFailures& failures) {
  Status status = failures.worst();
  // HDF5 has its bytes and does not like them.
  if (status.ok()) {
    status = Status(Code::corrupt, "HDF5 cannot open it: " + hdf5::innermost_error());
  }
  return status.code() == Code::not_found ? status : status.with_context(place.url());
}

/// What is looked for under several names.
struct Search {
  std::set<std::string> tried;  ///< places that were asked, under whichever name
  Status refused;               ///< the first name that the parent may not lead to
};

/// The one way by which a source file is opened. not_found: there is none of this name where the
/// parent may lead to.
Result<Handle> open_candidate(FileState& parent, const std::string& name, bool write,
                              Search& search) {
  auto found = in_reach(parent.how_opened(), name);
  if (!found.ok()) {
    // Nothing lies above the top of a store.
    const bool no_name = found.status().code() == Code::invalid_argument;
    return no_name ? Status(Code::not_found, found.status().message()) : found.status();
  }
  if (search.refused.ok()) search.refused = std::move(found->refused);
  for (const store::Location& place : found->places) {
    const std::string identity = place.identity();
    if (!search.tried.insert(identity).second) continue;
    const OpenFailures failures;
    const Handle list = file_access_list(parent, place);
    Handle file(api().H5Fopen(identity.c_str(), write ? H5F_ACC_RDWR : H5F_ACC_RDONLY, list.get()));
    if (file.valid()) return file;
    Status status = failure_of_open(place, failures);
    if (status.code() != Code::not_found) return status;
  }
  return Status(Code::not_found, "there is no file " + name);
}

/// HDF5 looked the path up and met no such link; damage on the way has other inner errors.
bool is_missing_link() {
  bool missing = false;
  const auto take_first = [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
    *static_cast<bool*>(out) = error->maj_num == ARRAYMORPH_HDF5_ID(H5E_SYM_g) &&
                               error->min_num == ARRAYMORPH_HDF5_ID(H5E_NOTFOUND_g);
    return 1;  // stop
  };
  api().H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, &missing);
  return missing;
}

}  // namespace

/// HDF5's order, with the folder of the stored file for the working directory, which such a file
/// has nothing to do with: the name itself when it is absolute; then its last part, or a relative
/// name, below HDF5_VDS_PREFIX, the program's prefix, the file's folder; then as it is. URLs are
/// names that HDF5 does not know: nothing is put in front of them.
std::vector<std::string> source_candidates(const FileState& file, const std::string& name,
                                           const std::string& prefix) {
  if (is_url(name)) return {name};
  std::vector<std::string> candidates;
  std::string relative = name;
  if (name.starts_with('/')) {
    candidates.push_back(name);
    relative = name.substr(name.rfind('/') + 1);
  }
  const std::string folder = file.url().substr(0, file.url().rfind('/'));
  for (const std::string& each : prefixes_of(prefix)) {
    static constexpr std::string_view kOrigin = "${ORIGIN}";
    if (each.starts_with(kOrigin)) {
      candidates.push_back(below(folder + each.substr(kOrigin.size()), relative));
      continue;
    }
    if (!is_url(each) && !each.starts_with('/')) {
      candidates.push_back(below(below(folder, each), relative));
    }
    candidates.push_back(below(each, relative));
  }
  candidates.push_back(below(folder, relative));
  candidates.push_back(relative);
  return candidates;
}

Result<Handle> open_source_file(const Object& dataset, const std::string& name, bool write) {
  FileState& parent = *dataset.file;
  Search search;
  for (const std::string& each : source_candidates(parent, name, dataset.virtual_prefix)) {
    auto file = open_candidate(parent, each, write, search);
    if (file.ok() || file.status().code() != Code::not_found) return file;
  }
  // A name that is refused may have meant what lies in another place: only now it is an error.
  if (!search.refused.ok()) return search.refused;
  return Status(Code::not_found, "there is no file " + name);
}

Result<void*> open_source_dataset(void* location, H5I_type_t type, const std::string& path) {
  const OpenFailures failures;
  const H5VL_loc_params_t loc = self(type);
  // Source names count from the root group, whatever they start with.
  const std::string name = path.starts_with('/') ? path : "/" + path;
  void* found = api().H5VLdataset_open(location, &loc, native(), name.c_str(),
                                       ARRAYMORPH_HDF5_ID(H5P_LST_DATASET_ACCESS_ID_g),
                                       default_transfer(), nullptr);
  if (found != nullptr) return wrap(found, H5I_DATASET);
  // The path may lead through external links.
  const Status linked = failures.worst();
  if (linked.code() == Code::not_found || (linked.ok() && is_missing_link())) {
    return static_cast<void*>(nullptr);
  }
  return linked.ok() ? Status(Code::corrupt, hdf5::innermost_error()) : linked;
}

}  // namespace arraymorph::vol
