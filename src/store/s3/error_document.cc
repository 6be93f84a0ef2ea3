#include "store/s3/error_document.h"

#include "runtime/log.h"
#include "store/s3/xml.h"

namespace arraymorph::store::s3 {
namespace {

constexpr std::size_t kMaxWord = 64;
constexpr std::size_t kMaxMessage = 500;
constexpr std::size_t kMaxKey = 2000;

// Garage names the bucket in its words only.
std::string bucket_of(std::string_view message) {
  constexpr std::string_view kBefore = "Bucket not found: ";
  const std::size_t at = message.find(kBefore);
  return at == std::string_view::npos ? "" : std::string(message.substr(at + kBefore.size()));
}

// "...; the region 'a' is wrong; expecting 'b'", also without a <Region> beside it.
std::string expected_region_of(std::string_view message) {
  constexpr std::string_view kBefore = "expecting '";
  const std::size_t at = message.find(kBefore);
  if (at == std::string_view::npos) return "";
  const std::string_view rest = message.substr(at + kBefore.size());
  return std::string(rest.substr(0, rest.find('\'')));
}

}  // namespace

ErrorDocument read_error_document(std::string_view body) {
  ErrorDocument error;
  const auto text = [&](std::string_view path, const std::string& value) {
    if (path == "/Error/Code") {
      error.code = printable(value, kMaxWord);
    } else if (path == "/Error/Message") {
      error.message = printable(value, kMaxMessage);
    } else if (path == "/Error/Region") {
      error.region = printable(value, kMaxWord);
    } else if (path == "/Error/BucketName") {
      error.bucket = printable(value, kMaxWord);
    } else if (path == "/Error/Key") {
      error.key = printable(value, kMaxKey);
    }
  };
  walk_xml(body, text, [](std::string_view) {});
  if (error.bucket.empty()) error.bucket = bucket_of(error.message);
  if (error.region.empty()) error.region = expected_region_of(error.message);
  return error;
}

}  // namespace arraymorph::store::s3
