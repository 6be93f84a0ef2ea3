// The one place where S3's and the engine's errors become a Status.
#pragma once

#include <string>
#include <string_view>

#include "arraymorph/status.h"
#include "store/s3/request.h"

namespace arraymorph::store::s3 {

/// What went wrong with an attempt, as the engine reports it.
struct Failure {
  int engine_error = 0;       ///< aws_last_error code
  int http_status = 0;        ///< 0: no answer came, or the engine does not tell
  std::string body;           ///< of the answer
  std::string bucket_region;  ///< x-amz-bucket-region
};

/// How soon another attempt may succeed.
enum class Retry { never, soon, later };

struct Verdict {
  Status status;
  Retry retry = Retry::never;
};

/// Names for messages.
struct Target {
  std::string bucket;
  std::string endpoint;  ///< "http://host:port"
  std::string region;
};

Verdict judge(const Request& request, const Failure& failure, const Target& target);

/// "GET s3://bucket/key"
std::string describe(const Request& request, const Target& target);

}  // namespace arraymorph::store::s3
