// Objects in a bucket of AWS S3 or of any server that speaks its protocol.
#pragma once

#include <memory>
#include <string>

#include "arraymorph/object_store.h"
#include "runtime/config.h"

namespace arraymorph::store {

/// Everything that makes two stores of one process differ, credentials included (as a hash).
std::string s3_identity(const std::string& bucket, const Config& config);

/// Sends nothing: network and credentials are first needed by the first verb. Errors:
/// invalid_argument (settings that are wrong or contradict each other).
Result<std::shared_ptr<ObjectStore>> make_s3_store(const std::string& bucket, const Config& config);

}  // namespace arraymorph::store
