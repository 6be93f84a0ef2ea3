// Any small file, taken for a pointer.
#include "store/pointer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/input.h"

using namespace arraymorph;

namespace {

// One file in memory for the whole process: it is named /proc/self/fd/N.
int file() {
  static const int fd = memfd_create("pointer", MFD_CLOEXEC);
  fuzz::require(fd >= 0, "no file in memory");
  return fd;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::require(
      ftruncate(file(), 0) == 0 && pwrite(file(), data, size, 0) == static_cast<ssize_t>(size),
      "cannot write the file");
  const auto target = store::read_pointer("/proc/self/fd/" + std::to_string(file()));
  if (!target.ok()) {
    fuzz::require(target.status().code() == Code::corrupt, "another error than damage");
  } else if (*target) {
    const std::string& url = **target;
    fuzz::require(url.starts_with("s3://") || url.starts_with("file:///") ||
                      url.starts_with("https://") || url.starts_with("http://"),
                  "not a URL of ours");
    fuzz::require(url.size() <= size, "a URL out of nothing");
    for (const char c : url) {
      fuzz::require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a control character");
    }
  }
  return 0;
}
