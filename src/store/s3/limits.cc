#include "store/s3/limits.h"

#include <aws/common/error.h>
#include <aws/io/io.h>
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

std::string advice_on_limits(int engine_error) {
  switch (engine_error) {
    case AWS_ERROR_MAX_FDS_EXCEEDED:
      return " (the process may open no more files and connections: raise `ulimit -n`, or lower "
             "ARRAYMORPH_CONNECTIONS)";
    case AWS_ERROR_THREAD_INSUFFICIENT_RESOURCE:
    case AWS_ERROR_THREAD_NO_PERMISSIONS:
      return " (the user or container may have no more threads: raise `ulimit -u` or the "
             "container's limit of processes, or set ARRAYMORPH_PRESET=local)";
    default:
      return "";
  }
}

std::string last_engine_error() {
  const int error = aws_last_error();
  // What the engine says of too few descriptors while it starts.
  const std::string advice = error == AWS_ERROR_SYS_CALL_FAILURE
                                 ? " (the system may give no more open files: raise `ulimit -n`)"
                                 : advice_on_limits(error);
  return aws_error_str(error) + advice;
}

}  // namespace arraymorph::store::s3
