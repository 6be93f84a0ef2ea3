#include "store/locate.h"

#include <strings.h>
#include <sys/stat.h>

#include <utility>

#include "runtime/log.h"
#include "store/http/url.h"

namespace arraymorph::store {
namespace {

constexpr const char* kDefaultMemoryStore = "default";

Status refuse(std::string_view name, std::string_view why) {
  return Status(Code::invalid_argument, "'" + std::string(name) + "': " + std::string(why));
}

// Folds "./", "//" and leading slashes; `name` is for messages.
Result<std::string> normalise(std::string_view path, std::string_view name) {
  if (path.find('\0') != std::string_view::npos) return refuse(name, "a name may not contain NUL");
  if (path.ends_with('/')) return refuse(name, "a file name may not end with '/'");
  std::string key;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") return refuse(name, "'..' is not allowed in names");
    if (!key.empty()) key += '/';
    key += segment;
  }
  if (key.empty()) return refuse(name, "the name of the file is missing");
  return key;
}

std::optional<std::string_view> without_scheme(std::string_view name, std::string_view scheme) {
  if (name.size() < scheme.size() || strncasecmp(name.data(), scheme.data(), scheme.size()) != 0) {
    return std::nullopt;
  }
  return name.substr(scheme.size());
}

// `path` is relative to "/".
Location local_location(std::string path, const Config& config) {
  Location found{Location::Kind::local, "/", std::move(path)};
  const std::string_view root = config.root;
  if (root.size() > 1 && found.key.size() > root.size() && found.key.starts_with(root.substr(1)) &&
      found.key[root.size() - 1] == '/') {
    found.container = root;
    found.key.erase(0, root.size());
  } else if (const std::size_t slash = found.key.rfind('/'); slash != std::string::npos) {
    found.container += found.key.substr(0, slash);
    found.key.erase(0, slash + 1);
  }
  return found;
}

Result<Location> locate_file(std::string_view rest, std::string_view name, const Config& config) {
  if (const auto path = without_scheme(rest, "localhost/")) {
    rest.remove_prefix(rest.size() - path->size() - 1);
  }
  if (!rest.starts_with('/')) {
    return refuse(name, "a file URL needs an absolute path: file:///directory/name");
  }
  ARRAYMORPH_ASSIGN(std::string path, normalise(rest, name));
  return local_location(std::move(path), config);
}

Result<Location> locate_in_container(Location::Kind kind, std::string_view rest,
                                     std::string_view name) {
  const std::size_t slash = rest.find('/');
  if (slash == 0 || slash == std::string_view::npos) {
    return refuse(
        name, kind == Location::Kind::s3 ? "write s3://bucket/name" : "write memory://store/name");
  }
  const std::string_view container = rest.substr(0, slash);
  if (container.find_first_of(std::string_view("\0?#@", 4)) != std::string_view::npos) {
    return refuse(without_secrets(name),
                  "the bucket name contains a character that buckets may not have");
  }
  ARRAYMORPH_ASSIGN(std::string key, normalise(rest.substr(slash + 1), name));
  return Location{kind, std::string(container), std::move(key)};
}

Result<Location> locate_http(std::string_view name) {
  ARRAYMORPH_ASSIGN(http::Url url, http::read_url(name));
  return Location{Location::Kind::http, std::move(url.origin), std::move(url.key)};
}

/// What a program opens by such a name it reads, renames or unlinks on the local disk only.
bool is_temporary(std::string_view name, const Config& config) {
  if (!name.starts_with('/') || !normalise(name, name).ok()) return false;
  const std::string& directory = config.temporary_directory;
  if (!directory.empty() && name.starts_with(directory + "/")) return true;
  struct stat info{};
  return name.ends_with(".tmp") && stat(std::string(name).c_str(), &info) == 0 &&
         S_ISREG(info.st_mode);
}

Result<Location> locate_plain(std::string_view name, const Config& config) {
  ARRAYMORPH_ASSIGN(std::string key, normalise(name, name));
  switch (config.platform) {
    case Platform::s3:
      if (config.bucket.empty()) {
        return refuse(name,
                      "STORAGE_PLATFORM=S3 needs BUCKET_NAME; or name the file "
                      "s3://bucket/name");
      }
      return Location{Location::Kind::s3, config.bucket, std::move(key)};
    case Platform::local:
      if (config.root.empty()) {
        return refuse(name,
                      "STORAGE_PLATFORM=Local needs ARRAYMORPH_ROOT; or name the file "
                      "file:///directory/name");
      }
      if (config.root == "/") return local_location(std::move(key), config);
      return Location{Location::Kind::local, config.root, std::move(key)};
    case Platform::memory:
    case Platform::native:
      break;
  }
  return Location{Location::Kind::memory,
                  config.bucket.empty() ? kDefaultMemoryStore : config.bucket, std::move(key)};
}

}  // namespace

std::string Location::url() const {
  switch (kind) {
    case Kind::s3:
      return "s3://" + container + "/" + key;
    case Kind::http:
      return without_secrets(container + "/" + key);
    case Kind::local:
      return "file://" + (container == "/" ? "" : container) + "/" + key;
    case Kind::memory:
      break;
  }
  return "memory://" + container + "/" + key;
}

std::string Location::identity() const {
  return kind == Kind::http ? container + "/" + key : url();
}

Result<std::optional<Location>> locate(std::string_view name, const Config& config) {
  const auto found = [&]() -> std::optional<Result<Location>> {
    if (const auto rest = without_scheme(name, "s3://")) {
      return locate_in_container(Location::Kind::s3, *rest, name);
    }
    if (const auto rest = without_scheme(name, "file://")) return locate_file(*rest, name, config);
    if (const auto rest = without_scheme(name, "memory://")) {
      return locate_in_container(Location::Kind::memory, *rest, name);
    }
    if (without_scheme(name, "https://") || without_scheme(name, "http://")) {
      return locate_http(name);
    }
    if (config.platform == Platform::native || is_temporary(name, config)) return std::nullopt;
    return locate_plain(name, config);
  }();
  if (!found) return std::optional<Location>();
  if (!found->ok()) return found->status();
  return std::optional<Location>(found->value());
}

}  // namespace arraymorph::store
