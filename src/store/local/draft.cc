#include "store/local/draft.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <ctime>
#include <utility>

#include "runtime/log.h"

namespace arraymorph::store::local {

DirectoryLock::DirectoryLock(const Place& place)
    : file_(::openat(place.parent.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  int failed = -1;
  while (file_.ok() && (failed = ::flock(file_.fd(), LOCK_EX)) != 0 && errno == EINTR) {
  }
  static std::atomic<bool> warned{false};
  if (failed != 0 && !warned.exchange(true)) {
    log(LogLevel::warn, "cannot lock directories here (" + place.path +
                            "): two processes that change one file at once are not noticed");
  }
}

Result<Draft> Draft::make(const Place& place) {
  static std::atomic<std::uint64_t> serial{0};
  for (;;) {
    auto draft = make(place, std::string(kTemporaryPrefix) + std::to_string(::getpid()) + "-" +
                                 std::to_string(serial++));
    // A crashed process with the same number may have left one behind.
    if (draft.ok() || draft.status().code() != Code::already_exists) return draft;
  }
}

Result<Draft> Draft::make(const Place& place, std::string name) {
  Draft draft;
  draft.file_ = File(::openat(place.parent.fd(), name.c_str(),
                              O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (!draft.file_.ok()) return errno_status(errno, "write", place.path);
  draft.directory_ = place.parent.fd();
  draft.name_ = std::move(name);
  return draft;
}

Result<Draft> Draft::open(const Place& place, std::string name) {
  Draft draft;
  draft.file_ =
      File(::openat(place.parent.fd(), name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!draft.file_.ok()) return errno_status(errno, "go on with", place.path);
  draft.directory_ = place.parent.fd();
  draft.name_ = std::move(name);
  return draft;
}

Draft::Draft(Draft&& other) noexcept
    : directory_(std::exchange(other.directory_, -1)),
      keep_(other.keep_),
      name_(std::move(other.name_)),
      file_(std::move(other.file_)) {}

Draft::~Draft() {
  if (!keep_) remove();
}

void Draft::remove() {
  if (directory_ >= 0) ::unlinkat(directory_, name_.c_str(), 0);
  directory_ = -1;
}

Status Draft::replace(const Place& place) {
  if (::renameat(directory_, name_.c_str(), directory_, place.name.c_str()) != 0) {
    return errno_status(errno, "replace", place.path);
  }
  directory_ = -1;
  return Status();
}

// link() fails where the name is taken: atomic without a lock.
Status Draft::create(const Place& place) {
  if (::linkat(directory_, name_.c_str(), directory_, place.name.c_str(), 0) == 0) {
    remove();
    return Status();
  }
  const int error = errno;
  if (error != EPERM && error != ENOTSUP && error != ENOSYS) {
    return errno_status(error, "create", place.path);
  }
  const DirectoryLock lock(place);  // a file system without hard links
  if (::faccessat(directory_, place.name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    return errno_status(EEXIST, "create", place.path);
  }
  return replace(place);
}

void stamp(int fd) {
  struct timespec now[2];
  ::clock_gettime(CLOCK_REALTIME, &now[0]);
  now[1] = now[0];
  ::futimens(fd, now);
}

Status write_all(int fd, ConstByteSpan bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_status(errno, "write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return Status();
}

Status write_at(int fd, ConstByteSpan bytes, std::uint64_t offset, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_status(errno, "write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return Status();
}

Status read_all(int fd, ByteSpan bytes, std::uint64_t offset, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_status(errno, "read", path);
    if (got == 0) return Status(Code::corrupt, path + " became shorter while it was read");
    bytes = bytes.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return Status();
}

}  // namespace arraymorph::store::local
