#include "store/pointer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "store/local/files.h"

namespace arraymorph::store {
namespace {

constexpr std::size_t kFooter = 4 + kPointerMagic.size();
constexpr off_t kLargest = 16384;  // bytes; a pointer file is smaller, most data files are larger

std::size_t length_of(const std::array<char, kFooter>& footer) {
  std::size_t length = 0;
  for (std::size_t i = 4; i-- > 0;) length = length << 8 | static_cast<unsigned char>(footer[i]);
  return length;
}

bool read_at(int fd, char* into, std::size_t size, off_t offset) {
  return pread(fd, into, size, offset) == static_cast<ssize_t>(size);
}

}  // namespace

Result<std::optional<std::string>> read_pointer(const std::string& path) {
  const std::optional<std::string> none;
  struct stat info{};
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > kLargest ||
      info.st_size < static_cast<off_t>(kFooter)) {
    return none;
  }
  // What lies there may have been exchanged meanwhile, even for a pipe.
  const local::File file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.ok() || fstat(file.fd(), &info) != 0 || !S_ISREG(info.st_mode) ||
      info.st_size > kLargest || info.st_size < static_cast<off_t>(kFooter)) {
    return none;
  }
  std::array<char, kFooter> footer{};
  const off_t end = info.st_size - static_cast<off_t>(kFooter);
  if (!read_at(file.fd(), footer.data(), footer.size(), end)) return none;
  if (std::string_view(footer.data() + 4, kPointerMagic.size()) != kPointerMagic) return none;

  std::string url(length_of(footer) <= static_cast<std::size_t>(end) ? length_of(footer) : 0, '\0');
  if (!url.empty() &&
      !read_at(file.fd(), url.data(), url.size(), end - static_cast<off_t>(url.size()))) {
    url.clear();
  }
  const bool control = std::any_of(url.begin(), url.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  const bool known = url.starts_with("s3://") || url.starts_with("file:///") ||
                     url.starts_with("https://") || url.starts_with("http://");
  if (control || !known) {
    return Status(Code::corrupt, path +
                                     " is a damaged ArrayMorph pointer; write it again with "
                                     "`python -m arraymorph pointer URL " +
                                     path + "`");
  }
  return std::optional<std::string>(std::move(url));
}

}  // namespace arraymorph::store
