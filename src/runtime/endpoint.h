// Endpoint: where S3 is, and how it is spoken to there.
#pragma once

#include <string>

#include "runtime/config.h"

namespace arraymorph {

struct S3Endpoint {
  std::string authority;  ///< "host", "host:port", "[::1]:port"; empty: the region's AWS endpoint
  std::string prefix;     ///< what stands before the bucket in paths, as behind a gateway: "/s3"
  bool tls = true;
  bool path_style = false;
  bool sign_payload = false;

  bool aws() const noexcept { return authority.empty(); }
};

/// Errors: invalid_argument when the settings contradict each other, leave TLS open, or name no
/// host. Messages show no user, password or query.
Result<S3Endpoint> s3_endpoint(const S3Settings& settings);

/// Whether `authority` has an address, "127.0.0.1:80" or "[::1]", where others have a name.
bool is_address(const std::string& authority);

}  // namespace arraymorph
