#include "store/s3/known_codes.h"

#include <algorithm>
#include <array>

namespace arraymorph::store::s3 {
namespace {

constexpr std::array kKnownCodes = std::to_array<KnownCode>({
    {"NoSuchKey", Code::not_found, Retry::never, ""},
    {"NoSuchVersion", Code::not_found, Retry::never, ""},
    {"AccessDenied", Code::permission_denied, Retry::never,
     "check AWS_ACCESS_KEY_ID, the bucket's policy, and that the bucket exists"},
    {"SignatureDoesNotMatch", Code::permission_denied, Retry::never, ""},
    {"InvalidAccessKeyId", Code::permission_denied, Retry::never, ""},
    {"InvalidToken", Code::permission_denied, Retry::never, "check AWS_SESSION_TOKEN"},
    {"ExpiredToken", Code::permission_denied, Retry::renewed,
     "the temporary credentials have expired: set new ones (AWS_ACCESS_KEY_ID, "
     "AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN) or see to the profile or service that gives them"},
    {"RequestTimeTooSkewed", Code::permission_denied, Retry::never, ""},
    {"PreconditionFailed", Code::conflict, Retry::never, ""},
    {"ConditionalRequestConflict", Code::conflict, Retry::later, ""},
    {"OperationAborted", Code::unavailable, Retry::later, ""},
    {"InvalidRange", Code::invalid_argument, Retry::never, ""},
    {"InvalidBucketName", Code::invalid_argument, Retry::never, "check BUCKET_NAME"},
    {"KeyTooLongError", Code::invalid_argument, Retry::never, "use shorter names"},
    {"EntityTooLarge", Code::too_large, Retry::never, "use smaller chunks"},
    {"QuotaExceeded", Code::out_of_space, Retry::never, ""},
    {"QuotaExceededException", Code::out_of_space, Retry::never, ""},
    {"XMinioStorageFull", Code::out_of_space, Retry::never, ""},
    {"InsufficientStorage", Code::out_of_space, Retry::never, ""},
    {"NotImplemented", Code::unsupported, Retry::never, ""},
    {"BadDigest", Code::unavailable, Retry::later, "the body was damaged on its way"},
    {"RequestTimeout", Code::unavailable, Retry::later, ""},
    {"SlowDown", Code::unavailable, Retry::later, ""},
    {"InternalError", Code::unavailable, Retry::later, ""},
    {"ServiceUnavailable", Code::unavailable, Retry::later, ""},
});

}  // namespace

const KnownCode* find_known_code(std::string_view name) {
  const auto* const found = std::find_if(kKnownCodes.begin(), kKnownCodes.end(),
                                         [&](const KnownCode& each) { return each.name == name; });
  return found != kKnownCodes.end() ? found : nullptr;
}

}  // namespace arraymorph::store::s3
