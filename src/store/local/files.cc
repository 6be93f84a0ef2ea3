#include "store/local/files.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "runtime/checksum.h"

namespace arraymorph::store::local {
namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
constexpr mode_t kDirectoryMode = 0777;  // the umask narrows it
// A directory may be pruned by somebody else between its creation and its use.
constexpr int kAttempts = 100;
constexpr const char* kChecksumAttribute = "user.arraymorph.crc32c";

// Failure means that the file system, or the one file, has no such attributes.
void set_attribute(int fd, const char* name, const std::string& text) {
#ifdef __APPLE__
  ::fsetxattr(fd, name, text.data(), text.size(), 0, 0);
#else
  ::fsetxattr(fd, name, text.data(), text.size(), 0);
#endif
}

std::string attribute(int fd, const char* name) {
  std::array<char, 64> text{};
#ifdef __APPLE__
  const ssize_t size = ::fgetxattr(fd, name, text.data(), text.size(), 0, 0);
#else
  const ssize_t size = ::fgetxattr(fd, name, text.data(), text.size());
#endif
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

bool is_inside(const std::string& root, const std::string& path) {
  return root == "/" || path == root || path.starts_with(root + "/");
}

// A directory that was just made in `parent` outlives a power cut once its entry there does.
Status keep_entry(int parent, const std::string& path) {
  if (::fsync(parent) == 0) return Status();
  return errno_status(errno, "sync the directory of", path);
}

// Makes `root` and what is missing above it.
Status create_root(const std::filesystem::path& root) {
  if (root.has_parent_path() && root.parent_path() != root) {
    std::error_code error;
    if (!std::filesystem::exists(root.parent_path(), error)) {
      ARRAYMORPH_TRY(create_root(root.parent_path()));
    }
  }
  if (::mkdir(root.c_str(), kDirectoryMode) != 0) {
    return errno == EEXIST ? Status() : errno_status(errno, "create directory", root.string());
  }
  const File parent(::open(root.parent_path().c_str(), kDirectory));
  if (!parent.ok()) return errno_status(errno, "open", root.parent_path().string());
  return keep_entry(parent.fd(), root.string());
}

Result<File> open_root(const std::string& root, Missing missing) {
  File directory(::open(root.c_str(), kDirectory));
  if (!directory.ok() && errno == ENOENT && missing == Missing::create) {
    ARRAYMORPH_TRY(create_root(root));
    directory = File(::open(root.c_str(), kDirectory));
  }
  if (!directory.ok()) return errno_status(errno, "open", root);
  return directory;
}

bool is_link(const File& parent, const std::string& name) {
  struct stat info{};
  return ::fstatat(parent.fd(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISLNK(info.st_mode);
}

// Where the link `path` leads, relative to `root`; permission_denied outside.
Result<std::string> resolve_inside(const std::string& root, const std::string& path) {
  std::error_code error;
  const std::string real = std::filesystem::canonical(path, error).string();
  if (error == std::errc::no_such_file_or_directory) {
    // Not "not found": for a chunk that would mean the fill value.
    return Status(Code::corrupt, path + " is a link that leads nowhere");
  }
  if (error) return errno_status(error.value(), "resolve", path);
  const std::string real_root = std::filesystem::canonical(root, error).string();
  if (error) return errno_status(error.value(), "resolve", root);
  if (!is_inside(real_root, real)) {
    return Status(Code::permission_denied, path + " is a link that leaves " + root);
  }
  return real.substr(std::min(real.size(), real_root == "/" ? 1 : real_root.size() + 1));
}

// Opens what the link `path` leads to, step by step from `root` and following no further link: what
// is exchanged between the look and the opening cannot lead outside.
Result<File> open_linked(const std::string& root, const std::string& path, int flags) {
  ARRAYMORPH_ASSIGN(const std::string real, resolve_inside(root, path));
  ARRAYMORPH_ASSIGN(File file, open_root(root, Missing::fail));
  std::string_view rest = real;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string name(rest.substr(0, slash));
    const bool last = slash == std::string_view::npos;
    rest.remove_prefix(last ? rest.size() : slash + 1);
    file = File(::openat(file.fd(), name.c_str(), (last ? flags : kDirectory) | O_NOFOLLOW));
    if (!file.ok()) return errno_status(errno, "open", path);
  }
  return file;
}

// One step down from `parent`, without following symbolic links unless they stay inside.
Result<File> open_child(const std::string& root, const File& parent, const std::string& name,
                        const std::string& path, Missing missing) {
  if (missing == Missing::create) {
    if (::mkdirat(parent.fd(), name.c_str(), kDirectoryMode) == 0) {
      ARRAYMORPH_TRY(keep_entry(parent.fd(), path));
    } else if (errno != EEXIST) {
      return errno_status(errno, "create directory", path);
    }
  }
  File child(::openat(parent.fd(), name.c_str(), kDirectory | O_NOFOLLOW));
  if (child.ok()) return child;
  const int error = errno;
  if ((error == ELOOP || error == ENOTDIR) && is_link(parent, name)) {
    return open_linked(root, path, kDirectory);
  }
  // "a/b" does not exist where "a" is a file.
  const bool under_file = error == ENOTDIR && missing == Missing::fail;
  return errno_status(under_file ? ENOENT : error, "open", path);
}

Result<Place> walk(const std::string& root, std::string_view key, Missing missing) {
  ARRAYMORPH_ASSIGN(File directory, open_root(root, missing));
  std::string path = root == "/" ? "" : root;
  for (std::size_t slash = key.find('/'); slash != std::string_view::npos; slash = key.find('/')) {
    const std::string name(key.substr(0, slash));
    path += "/" + name;
    ARRAYMORPH_ASSIGN(directory, open_child(root, directory, name, path, missing));
    key.remove_prefix(slash + 1);
  }
  return Place{std::move(directory), std::string(key), path + "/" + std::string(key)};
}

}  // namespace

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Status errno_status(int error, std::string_view verb, std::string_view path) {
  Code code = Code::unavailable;
  switch (error) {
    case ENOENT:
      code = Code::not_found;
      break;
    case EEXIST:
      code = Code::already_exists;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = Code::permission_denied;
      break;
    case ENOSPC:
    case EDQUOT:
      code = Code::out_of_space;
      break;
    case EFBIG:
      code = Code::too_large;
      break;
    case ENAMETOOLONG:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case EINVAL:
    case EILSEQ:
    case ENXIO:  // a socket
      code = Code::invalid_argument;
      break;
    default:
      break;
  }
  return Status(code,
                "cannot " + std::string(verb) + " " + std::string(path) + ": " +
                    std::generic_category().message(error),
                error);
}

Result<Place> open_parent(const std::string& root, std::string_view key, Missing missing) {
  for (int attempt = 1;; ++attempt) {
    Result<Place> place = walk(root, key, missing);
    const bool again = !place.ok() && missing == Missing::create &&
                       place.status().code() == Code::not_found && attempt < kAttempts;
    if (place.ok()) return place;
    if (!again) {
      const std::string whole = (root == "/" ? "" : root) + "/" + std::string(key);
      return place.status().with_context(whole);
    }
  }
}

Result<File> open_object(const std::string& root, const Place& place) {
  // Not blocking: a pipe would keep us waiting for somebody to write into it.
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  File file(::openat(place.parent.fd(), place.name.c_str(), kFlags | O_NOFOLLOW));
  if (!file.ok() && errno == ELOOP) {
    ARRAYMORPH_ASSIGN(file, open_linked(root, place.path, kFlags));
  }
  if (!file.ok()) return errno_status(errno, "open", place.path);
  return file;
}

std::string entity_tag(const struct stat& info) {
#ifdef __APPLE__
  const struct timespec& time = info.st_mtimespec;
#else
  const struct timespec& time = info.st_mtim;
#endif
  char text[80];
  std::snprintf(text, sizeof text, "\"%llx-%lx-%llx-%llx\"",
                static_cast<unsigned long long>(time.tv_sec), static_cast<long>(time.tv_nsec),
                static_cast<unsigned long long>(info.st_size),
                static_cast<unsigned long long>(info.st_ino));
  return text;
}

void keep_checksum(int fd, std::uint32_t checksum) {
  set_attribute(fd, kChecksumAttribute, checksum_text(checksum));
}

std::optional<std::uint32_t> read_checksum(const File& file) {
  return parse_checksum(attribute(file.fd(), kChecksumAttribute));
}

void prune(const std::string& root, std::string_view key) {
  for (std::size_t slash = key.rfind('/'); slash != std::string_view::npos;
       slash = key.rfind('/')) {
    key = key.substr(0, slash);
    const Result<Place> place = open_parent(root, key, Missing::fail);
    if (!place.ok()) continue;
    // Fails when something lies there, which ends the walk.
    if (::unlinkat(place->parent.fd(), place->name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
      return;
    }
  }
}

}  // namespace arraymorph::store::local
