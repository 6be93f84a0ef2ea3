// Where the requests for a bucket go, as far as it depends on the region: AWS has the region in its
// host names.
#pragma once

#include <string>

#include "runtime/endpoint.h"
#include "store/s3/attempt.h"

namespace arraymorph::store::s3 {

/// "https://host[:port][/path]", without the bucket.
std::string url_of(const S3Endpoint& endpoint, const std::string& region);

/// Whether the bucket stands in the path, not in the host name.
bool is_path_style(const S3Endpoint& endpoint, const std::string& bucket);

Address address_of(const S3Endpoint& endpoint, const std::string& bucket,
                   const std::string& region);

/// `endpoint` as it is for `region`: AWS's own hosts get that region into their name, others stay.
S3Endpoint in_region(S3Endpoint endpoint, const std::string& region);

}  // namespace arraymorph::store::s3
