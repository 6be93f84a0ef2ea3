#include "store/local/list.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include "store/local/files.h"

namespace arraymorph::store::local {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseDirectory>;

// Walks the tree in the order of the keys and stops when the page is full.
class Lister {
 public:
  explicit Lister(const ListRequest& request) : request_(request) {}

  // `base` is the key of the directory with a trailing '/', or empty at the root.
  Status visit(int parent, const char* name, const std::string& base) {
    const int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return gone() ? Status() : errno_status(errno, "list", base);
    const DirectoryStream stream(::fdopendir(fd));
    if (!stream) return errno_status(errno, "list", base);
    std::vector<std::string> names;
    ARRAYMORPH_TRY(read_names(stream.get(), fd, base, names));
    for (std::string& child : names) {
      if (full_) return Status();
      const std::string key = base + child;
      if (child.ends_with('/') && is_folder(key)) {
        if (take_place(key)) reply_.prefixes.push_back(key);
      } else if (child.ends_with('/')) {
        child.pop_back();
        ARRAYMORPH_TRY(visit(fd, child.c_str(), key));
      } else {
        add(fd, child, key);
      }
    }
    return Status();
  }

  ListReply take() { return std::move(reply_); }

 private:
  // Removed, or replaced by a file or link, since its parent was read.
  static bool gone() { return errno == ENOENT || errno == ENOTDIR || errno == ELOOP; }

  // Of a delimited list: one to tell, not to walk.
  bool is_folder(const std::string& key) const {
    return request_.delimited && !request_.prefix.starts_with(key);
  }

  bool wanted(const std::string& key, bool directory) const {
    const std::string_view prefix = request_.prefix;
    const std::string_view after = request_.after;
    if (!directory || is_folder(key)) return key.starts_with(prefix) && key > after;
    return (key.starts_with(prefix) || prefix.starts_with(key)) &&
           (key > after || after.starts_with(key));
  }

  // Names that may lead to wanted keys, sorted; directories carry a trailing '/', so that sorting
  // names sorts the keys below them too.
  Status read_names(DIR* stream, int fd, const std::string& base,
                    std::vector<std::string>& names) const {
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream);
      if (entry == nullptr) break;
      std::string name = entry->d_name;
      if (name == "." || name == ".." || name.starts_with(kTemporaryPrefix)) continue;
      unsigned char type = entry->d_type;
      if (type == DT_UNKNOWN) {
        struct stat info{};
        if (::fstatat(fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
        type = S_ISDIR(info.st_mode) ? DT_DIR : S_ISREG(info.st_mode) ? DT_REG : DT_UNKNOWN;
      }
      if (type != DT_DIR && type != DT_REG) continue;
      if (type == DT_DIR) name += '/';
      if (wanted(base + name, type == DT_DIR)) names.push_back(std::move(name));
    }
    if (errno != 0) return errno_status(errno, "list", base);
    std::sort(names.begin(), names.end());
    return Status();
  }

  void add(int fd, const std::string& name, const std::string& key) {
    struct stat info{};
    if (::fstatat(fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (!take_place(key)) return;
    reply_.objects.push_back(
        {key, static_cast<std::uint64_t>(info.st_size), entity_tag(info), info.st_mtime});
  }

  // False where the page is full.
  bool take_place(const std::string& name) {
    full_ = reply_.objects.size() + reply_.prefixes.size() == request_.limit;
    if (full_) {
      reply_.next = last_;
    } else {
      last_ = name;
    }
    return !full_;
  }

  const ListRequest& request_;
  ListReply reply_;
  std::string last_;  // name that was taken last
  bool full_ = false;
};

}  // namespace

Result<ListReply> list_directory(const std::string& root, const ListRequest& request) {
  const File directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok()) {
    if (errno == ENOENT) return ListReply{};
    return errno_status(errno, "list", root);
  }
  Lister lister(request);
  ARRAYMORPH_TRY(lister.visit(directory.fd(), ".", ""));
  return lister.take();
}

}  // namespace arraymorph::store::local
