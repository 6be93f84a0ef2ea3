#include "store/s3/limits.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "runtime/config/limits.h"

namespace arraymorph::store::s3 {
Status enough_descriptors(std::uint32_t event_loops) {
  const std::size_t needed = config::kFilesPerLoop * event_loops + config::kOtherFiles;
  std::vector<int> taken;
  taken.reserve(needed);
  while (taken.size() < needed) {
    const int descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) break;
    taken.push_back(descriptor);
  }
  for (const int descriptor : taken) ::close(descriptor);
  if (taken.size() == needed) return Status();
  const config::Room files = config::limits_now().files;
  return Status(Code::unavailable,
                "S3 needs " + std::to_string(needed) +
                    " descriptors, and the system does not let this process have so many more (" +
                    files.limit + "): raise it (" + files.raise + ")" +
                    (event_loops > 1 ? ", or set ARRAYMORPH_EVENT_LOOPS=1" : ""));
}

}  // namespace arraymorph::store::s3
