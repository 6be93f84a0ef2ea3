// Files and directories under a root that keys cannot leave.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "arraymorph/status.h"

namespace arraymorph::store::local {

/// Names of files that are being written; never objects.
inline constexpr std::string_view kTemporaryPrefix = ".~arraymorph-";

/// An owned file descriptor.
class File {
 public:
  File() = default;
  explicit File(int fd) : fd_(fd) {}
  ~File();
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int fd() const noexcept { return fd_; }
  bool ok() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// What `error` (an errno value) means for `path`.
Status errno_status(int error, std::string_view verb, std::string_view path);

/// The file `name` in the open directory `parent`.
struct Place {
  File parent;
  std::string name;
  std::string path;  ///< for messages
};

enum class Missing { fail, create };

/// Opens the directory of `key`. Symbolic links are followed only where they stay under `root`
/// (else permission_denied; corrupt where they lead nowhere). not_found where a directory is
/// missing and may not be created; created ones survive a power cut.
Result<Place> open_parent(const std::string& root, std::string_view key, Missing missing);

/// Opens the object for reading, whatever kind of file it is, without waiting for anybody.
Result<File> open_object(const std::string& root, const Place& place);

std::string entity_tag(const struct stat& info);

/// The checksum that lies in an extended attribute of the file (see PutRequest::checksum). File
/// systems without such attributes keep none.
void keep_checksum(int fd, std::uint32_t checksum);
std::optional<std::uint32_t> read_checksum(const File& file);

/// Removes directories that became empty, from the parent of `key` up to but not `root`.
void prune(const std::string& root, std::string_view key);

}  // namespace arraymorph::store::local
