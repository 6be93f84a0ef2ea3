#include "vol/open_file.h"

#include <unistd.h>

#include <array>

#include "hdf5/handle.h"
#include "runtime/log.h"
#include "store/open.h"
#include "store/pointer.h"
#include "vol/context.h"
#include "vol/find_file.h"
#include "vol/open_failure.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;

bool has_default_driver(hid_t fapl_id) {
  const hdf5::Handle fresh(api().H5Pcreate(ARRAYMORPH_HDF5_ID(H5P_CLS_FILE_ACCESS_ID_g)));
  const hid_t driver = api().H5Pget_driver(fapl_id);
  return driver == api().H5Pget_driver(fresh.get()) || driver == context().driver;
}

/// HDF5 makes the candidates for an external link or virtual source absolute by putting the
/// working directory in front of the parent's folder; the parent's own name had none.
std::string without_working_directory(std::string name, const std::string& parent) {
  for (const char* scheme : {"/s3://", "/file://", "/memory://", "/https://", "/http://"}) {
    if (const auto at = name.find(scheme); at != std::string::npos) return name.substr(at + 1);
  }
  std::array<char, 4096> directory{};
  if (!parent.starts_with('/') && getcwd(directory.data(), directory.size()) != nullptr) {
    const std::string front = std::string(directory.data()) + "/";
    if (name.starts_with(front)) return name.substr(front.size());
  }
  return name;
}

std::shared_ptr<vfd::Backing> enlist(std::shared_ptr<FileOpening> opening) {
  log(LogLevel::info, (opening->create ? "creating " : "opened ") + opening->location.url());
  const std::string identity = opening->location.identity();
  auto state = std::make_shared<FileState>(std::move(opening));
  context().files[identity] = state;
  return state;
}

Status missing(const FileOpening& opening) {
  const Status status(Code::not_found, "there is no file " + opening.location.url());
  return opening.pointer.empty()
             ? status
             : status.with_context(opening.pointer + " is an ArrayMorph pointer");
}

}  // namespace

/// A pointer file on the local disk goes before everything that a name without a scheme may mean.
Result<std::shared_ptr<FileOpening>> claim_name(std::string name) {
  auto opening = std::make_shared<FileOpening>();
  ARRAYMORPH_ASSIGN(opening->config, config_from_environment());
  ARRAYMORPH_ASSIGN(auto target, store::read_pointer(name));
  if (target) {
    opening->pointer = std::move(name);
    name = std::move(*target);
  }
  ARRAYMORPH_ASSIGN(auto location, store::locate(name, opening->config));
  if (!location) return std::shared_ptr<FileOpening>();
  opening->name = std::move(name);
  opening->location = std::move(*location);
  ARRAYMORPH_TRY(store::settle(opening->location, opening->config));
  ARRAYMORPH_ASSIGN(opening->store, store::open_store(opening->location, opening->config));
  return opening;
}

Result<std::shared_ptr<FileOpening>> claim(const char* name, hid_t fapl_id) {
  if (!has_default_driver(fapl_id)) return std::shared_ptr<FileOpening>();
  auto opening = claim_name(name);
  H5F_close_degree_t degree = H5F_CLOSE_DEFAULT;
  if (opening.ok() && *opening && api().H5Pget_fclose_degree(fapl_id, &degree) >= 0) {
    (*opening)->close_degree = degree;
  }
  return opening;
}

std::shared_ptr<FileState> live_file(const store::Location& location) {
  const auto found = context().files.find(location.identity());
  auto live = found == context().files.end() ? nullptr : found->second.lock();
  return live && live->inherited() ? nullptr : live;
}

Status fetch(FileOpening& opening, bool exclusive) {
  if (live_file(opening.location)) return {};
  const std::string url = opening.location.url();
  if (opening.create && opening.location.plain_only()) {
    return {Code::permission_denied,
            url +
                " cannot be written: http(s) names are for reading; name the new file "
                "s3://bucket/name or file:///directory/name"};
  }
  ARRAYMORPH_ASSIGN(Found found, find_file(*opening.store, opening.location, opening.create));
  opening.loaded = std::move(found.loaded);
  opening.plain = std::move(found.plain);
  if (!opening.create) {
    return found.missing.ok() ? Status() : found.missing.with_context(missing(opening).message());
  }
  if (exclusive && found.missing.ok()) return {Code::already_exists, url + " exists already"};
  if (opening.plain) {
    return {Code::permission_denied,
            url +
                " is a plain HDF5 file, which a new file of this name would hide; remove it first "
                "(arraymorph rm " +
                url + ") or use another name"};
  }
  if (opening.loaded) return {};
  ListRequest request;
  request.prefix = opening.location.key + "/";
  request.limit = 1;
  ARRAYMORPH_ASSIGN(const auto objects, list(*opening.store, request));
  opening.orphans = !objects.objects.empty();
  return {};
}

bool is_plain(const FileOpening& opening) {
  const auto live = live_file(opening.location);
  return live ? live->plain() != nullptr : opening.plain.has_value();
}

namespace {

Result<std::shared_ptr<vfd::Backing>> find_backing(const char* name, unsigned flags,
                                                   const std::shared_ptr<vfd::Opening>& base) {
  auto opening = std::static_pointer_cast<FileOpening>(base);
  if (opening == nullptr || opening->name != name) {
    const std::string parent = opening == nullptr ? "" : opening->name;
    ARRAYMORPH_ASSIGN(opening, claim_name(without_working_directory(name, parent)));
    if (!opening) {
      return Status(Code::not_found, std::string(name) + " is not in a configured object store");
    }
    ARRAYMORPH_TRY(fetch(*opening, false));
  }
  const bool plain = is_plain(*opening);
  if (plain && (flags & H5F_ACC_RDWR) != 0) return plain_is_read_only(opening->location.url());
  if (auto live = live_file(opening->location)) return std::shared_ptr<vfd::Backing>(live);
  // HDF5 first tries a create as an open, to see whether the file is open already.
  if (opening->create && (flags & H5F_ACC_CREAT) == 0) return missing(*opening);
  if (!opening->create && !opening->loaded && !plain) ARRAYMORPH_TRY(fetch(*opening, false));
  return enlist(std::move(opening));
}

}  // namespace

Result<std::shared_ptr<vfd::Backing>> open_backing(const char* name, unsigned flags,
                                                   const std::shared_ptr<vfd::Opening>& base) {
  auto backing = find_backing(name, flags, base);
  note_open_failure(backing.status());
  return backing;
}

}  // namespace arraymorph::vol
