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
  int http_status = 0;        ///< 0: no answer came, or the engine does not tell its details
  std::string body;           ///< of the answer, or its beginning
  std::string bucket_region;  ///< x-amz-bucket-region
  int seen_status = 0;        ///< the status also where http_status is 0; 0: no answer came
  unsigned retry_after = 0;   ///< seconds that the server asks to wait; 0: it does not
};

/// How soon another attempt may succeed.
enum class Retry {
  never,
  soon,     ///< the server is not there, which may be over at once
  later,    ///< the server or the way to it has a bad moment; the attempt may have been carried out
  once,     ///< the answer was damaged
  renewed,  ///< with new credentials, where they come from a provider
};

struct Verdict {
  Status status;
  Retry retry = Retry::never;
};

/// Names for messages.
struct Target {
  std::string bucket;
  std::string endpoint;  ///< "http://host:port"
  std::string region;
  bool anonymous = false;
};

Verdict judge(const Request& request, const Failure& failure, const Target& target);

/// "GET s3://bucket/key"
std::string describe(const Request& request, const Target& target);

}  // namespace arraymorph::store::s3
