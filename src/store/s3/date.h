// Dates as S3 writes them.
#pragma once

#include <cstdint>
#include <string_view>

namespace arraymorph::store::s3 {

/// "2026-11-25T22:10:11.000Z" (lists), in UTC; seconds since 1970, 0 when it is no such date.
std::int64_t read_iso_date(std::string_view text);

/// "Wed, 25 Nov 2026 22:10:11 GMT" (headers, RFC 9110); the same.
std::int64_t read_http_date(std::string_view text);

}  // namespace arraymorph::store::s3
