#include "vol/open_file.h"

#include "hdf5/handle.h"
#include "runtime/log.h"
#include "store/open.h"
#include "store/pointer.h"
#include "vol/context.h"
#include "vol/find_file.h"
#include "vol/open_failure.h"
#include "vol/reach.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;

bool has_default_driver(hid_t fapl_id) {
  const hdf5::Handle fresh(api().H5Pcreate(ARRAYMORPH_HDF5_ID(H5P_CLS_FILE_ACCESS_ID_g)));
  const hid_t driver = api().H5Pget_driver(fapl_id);
  return driver == api().H5Pget_driver(fresh.get()) || driver == context().driver;
}

/// The file whose access list this is, where HDF5 or we look for what a file leads to.
std::shared_ptr<FileOpening> origin_of(hid_t fapl_id) {
  if (api().H5Pget_driver(fapl_id) != context().driver) return nullptr;
  const auto* info = static_cast<const vfd::DriverInfo*>(api().H5Pget_driver_info(fapl_id));
  return info == nullptr ? nullptr : std::static_pointer_cast<FileOpening>(info->opening);
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
  const auto origin = origin_of(fapl_id);
  auto opening = origin != nullptr ? reach(*origin, name) : claim_name(name);
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
  if (!opening.create && (opening.loaded || opening.plain)) return {};
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
    if (opening == nullptr) {
      return Status(Code::unsupported, std::string("the driver of ArrayMorph opens ") + name +
                                           " through its connector only");
    }
    ARRAYMORPH_ASSIGN(opening, reach(*opening, name));
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
