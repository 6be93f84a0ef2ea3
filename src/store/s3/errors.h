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
  std::string location{};       ///< of a redirect
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

/// Names for messages, and who understands the server.
struct Target {
  std::string bucket;
  std::string endpoint;  ///< "http://host:port"
  std::string region;
  bool anonymous = false;
  /// What the answers of a server mean that is no S3, whose keys make URLs with the endpoint; null:
  /// they are S3's.
  Verdict (*judge)(const Request& request, const Failure& failure, const Target& target) = nullptr;
};

Verdict judge(const Request& request, const Failure& failure, const Target& target);

/// What an HTTP status means where the server says no more; `named`: it gave a code that is not
/// known here.
Verdict judge_status(int status, bool named);

/// "403 AccessDenied: Request has expired", fit to be shown.
std::string words_of(const Failure& failure);

/// "GET s3://bucket/key", "GET https://host/path?***": a query may hold secrets.
std::string describe(const Request& request, const Target& target);

}  // namespace arraymorph::store::s3
