// What the codes of S3's error documents mean.
#pragma once

#include <string_view>

#include "store/s3/errors.h"

namespace arraymorph::store::s3 {

struct KnownCode {
  std::string_view name;
  Code code = Code::internal;
  Retry retry = Retry::never;
  std::string_view advice;  ///< empty: none
};

/// Null when `name` is not known here.
const KnownCode* find_known_code(std::string_view name);

}  // namespace arraymorph::store::s3
