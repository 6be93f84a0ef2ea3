// The XML document with which S3 servers explain a failure.
#pragma once

#include <string>
#include <string_view>

namespace arraymorph::store::s3 {

/// Its words, fit to be shown; what it does not hold is empty.
struct ErrorDocument {
  std::string code;
  std::string message;
  std::string region;  ///< the server's own
  std::string bucket;  ///< that the server looked for
  std::string key;     ///< that the server looked for in it

  /// Whether it is one: a web page, or nothing, is not.
  bool found() const { return !code.empty(); }
};

ErrorDocument read_error_document(std::string_view body);

}  // namespace arraymorph::store::s3
