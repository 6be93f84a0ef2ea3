// The few XML answers of S3: a root with children, some of them repeated.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "arraymorph/status.h"

namespace arraymorph::store::s3 {

/// Calls `text(path, value)` for each element without children, in document order, with entities
/// decoded, and `close(path)` at the end of each element with children. `path` is "/Root/Child".
/// False when the document is not well formed.
bool walk_xml(std::string_view document,
              const std::function<void(std::string_view path, std::string value)>& text,
              const std::function<void(std::string_view path)>& close);

}  // namespace arraymorph::store::s3
