// What the answers of a web server mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "store/s3/errors.h"

namespace arraymorph::store::http {

/// s3::Target::judge.
s3::Verdict judge(const s3::Request& request, const s3::Failure& failure, const s3::Target& target);

/// Until when the query of a presigned URL (AWS, Google, Azure, CloudFront) says that it is valid:
/// seconds since 1970. Nothing: it does not say.
std::optional<std::int64_t> valid_until(std::string_view key);

}  // namespace arraymorph::store::http
