// The one place where S3's and the engine's errors become a Status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arraymorph/status.h"
#include "store/s3/request.h"

namespace arraymorph::store::s3 {

/// What went wrong with an attempt, as the engine reports it.
struct Failure {
  int engine_error = 0;       ///< aws_last_error code
  int http_status = 0;        ///< 0: no answer came, or the engine does not tell its details
  std::string body;           ///< of the answer, or its beginning
  std::string bucket_region;  ///< x-amz-bucket-region
  std::string location{};     ///< of a redirect
  int seen_status = 0;        ///< the status also where http_status is 0; 0: no answer came
  unsigned retry_after = 0;   ///< seconds that the server asks to wait; 0: it does not
  /// Seconds by which this machine's clock is ahead of the answer's Date.
  std::optional<std::int64_t> clock_ahead{};
};

/// How soon another attempt may succeed.
enum class Retry {
  never,
  soon,     ///< the server is not there, which may be over at once
  later,    ///< the server or the way to it has a bad moment; the attempt may have been carried out
  once,     ///< the answer was damaged
  renewed,  ///< with new credentials, where they come from a provider
  moved,    ///< signed for the region that the answer names
};

struct Verdict {
  Status status;
  Retry retry = Retry::never;
  std::string region{};  ///< for Retry::moved: fit to be part of a host name
};

/// Names for messages, what they say of the settings, and who understands the server.
struct Target {
  std::string bucket;
  std::string endpoint;  ///< "http://host:port", without the bucket
  std::string region;
  bool anonymous = false;
  /// What the answers of a server mean that is no S3, whose keys make URLs with the endpoint; null:
  /// they are S3's.
  Verdict (*judge)(const Request& request, const Failure& failure, const Target& target) = nullptr;
  bool path_style = true;    ///< false: the bucket is part of the host name
  bool sign_payload = true;  ///< AWS_SIGNED_PAYLOADS
  std::string key_id{};  ///< AWS_ACCESS_KEY_ID, shortened; empty: credentials come from elsewhere
  /// Variables as messages name them, and those that are used in their place.
  std::vector<std::pair<std::string, std::string>> names{};

  bool tls() const { return endpoint.starts_with("https:"); }
  std::string_view authority() const { return std::string_view(endpoint).substr(tls() ? 8 : 7); }
};

Verdict judge(const Request& request, const Failure& failure, const Target& target);

/// What an HTTP status means where the server says no more; `named`: it gave a code that is not
/// known here.
Verdict judge_status(int status, bool named);

/// `message` with the variables that are in use.
std::string in_names(std::string message, const Target& target);

/// "403 AccessDenied: Request has expired", fit to be shown.
std::string words_of(const Failure& failure);

/// "GET s3://bucket/key", "GET https://host/path?***": a query may hold secrets.
std::string describe(const Request& request, const Target& target);

}  // namespace arraymorph::store::s3
