#include "vol/open_file.h"

#include "runtime/log.h"
#include "store/open.h"
#include "store/pointer.h"
#include "vol/context.h"
#include "vol/engine.h"
#include "vol/find_file.h"
#include "vol/open_failure.h"
#include "vol/reach.h"

namespace arraymorph::vol {
namespace {

std::shared_ptr<vfd::Backing> enlist(std::shared_ptr<FileOpening> opening) {
  log(LogLevel::info, (opening->create ? "creating " : "opened ") + opening->location.url());
  // What HDF5 refused to open after it was enlisted.
  std::erase_if(context().files, [](const auto& file) { return file.second.expired(); });
  const std::string identity = opening->location.identity();
  auto state = std::make_shared<FileState>(std::move(opening));
  context().files[identity] = state;
  return state;
}

/// Tells the opens of one file by its URL and by its pointers apart, in the same folder: without
/// '/'.
std::string name_of_pointer(const std::string& url, const std::string& pointer) {
  std::string name = url + " (as ";
  for (const char c : pointer) {
    if (c == '/' || c == '%') {
      name += c == '/' ? "%2F" : "%25";
    } else {
      name += c;
    }
  }
  return name + ")";
}

Status missing(const FileOpening& opening) {
  const Status status(Code::not_found, "there is no file " + opening.location.url());
  return opening.pointer.empty()
             ? status
             : status.with_context(opening.pointer + " is an ArrayMorph pointer");
}

/// `cause` with what to do where a pointer leads to a file that has still to be made.
Status not_made_yet(const FileOpening& opening, const Status& cause) {
  const Status status = cause.with_context(missing(opening).message());
  if (opening.pointer.empty() || opening.location.plain_only()) return status;
  return {status.code(), status.message() +
                             "; mode w creates it, and for programs that append (mode a) this "
                             "makes an empty one: arraymorph pointer --create " +
                             opening.location.url() + " " + opening.pointer};
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
  opening->name =
      opening->pointer.empty() ? std::move(name) : name_of_pointer(name, opening->pointer);
  opening->location = std::move(*location);
  ARRAYMORPH_TRY(store::settle(opening->location, opening->config));
  ARRAYMORPH_ASSIGN(opening->store, store::open_store(opening->location, opening->config));
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
    return found.missing.ok() ? Status() : not_made_yet(opening, found.missing);
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
  const auto objects = list(*opening.store, request);
  if (!objects.ok()) {
    return objects.status().with_context("cannot tell what lies below " + opening.location.url());
  }
  opening.orphans = !objects->objects.empty();
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
  use_settings(opening->config);
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
