#include "store/s3/errors.h"

#include <aws/auth/auth.h>
#include <aws/common/error.h>
#include <aws/http/http.h>
#include <aws/io/io.h>
#include <aws/s3/s3.h>

#include <algorithm>
#include <array>

#include "runtime/log.h"
#include "store/s3/proxy.h"
#include "store/s3/tls_cause.h"
#include "store/s3/xml.h"

namespace arraymorph::store::s3 {
namespace {

constexpr int kProxyAuthentication = 407;

struct ServerError {
  std::string code;
  std::string message;
  std::string region;
};

// The server's words, fit to be shown.
ServerError read_body(std::string_view body) {
  constexpr std::size_t kMaxWord = 64;
  constexpr std::size_t kMaxMessage = 500;
  ServerError error;
  const auto text = [&](std::string_view path, const std::string& value) {
    if (path == "/Error/Code") {
      error.code = printable(value, kMaxWord);
    } else if (path == "/Error/Message") {
      error.message = printable(value, kMaxMessage);
    } else if (path == "/Error/Region") {
      error.region = printable(value, kMaxWord);
    }
  };
  walk_xml(body, text, [](std::string_view) {});
  return error;
}

std::string text_of(const ServerError& error, const Failure& failure) {
  std::string text = std::to_string(failure.http_status);
  if (!error.code.empty()) text += " " + error.code;
  if (!error.message.empty()) text += ": " + error.message;
  return text;
}

struct KnownCode {
  std::string_view name;
  Code code = Code::internal;
  Retry retry = Retry::never;
  std::string_view advice;
};

constexpr std::string_view kCheckCredentials =
    "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy";

constexpr std::string_view kSetTheClock =
    "this machine's clock and the server's differ by too much: set the clock";

constexpr std::array kKnownCodes = std::to_array<KnownCode>({
    {"NoSuchKey", Code::not_found, Retry::never, ""},
    {"NoSuchVersion", Code::not_found, Retry::never, ""},
    {"AccessDenied", Code::permission_denied, Retry::never,
     "check AWS_ACCESS_KEY_ID, the bucket's policy, and that the bucket exists"},
    {"SignatureDoesNotMatch", Code::permission_denied, Retry::never, "check AWS_SECRET_ACCESS_KEY"},
    {"InvalidAccessKeyId", Code::permission_denied, Retry::never, "check AWS_ACCESS_KEY_ID"},
    {"InvalidToken", Code::permission_denied, Retry::never, "check AWS_SESSION_TOKEN"},
    {"ExpiredToken", Code::permission_denied, Retry::renewed,
     "the temporary credentials have expired: set new ones (AWS_ACCESS_KEY_ID, "
     "AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN) or see to the profile or service that gives them"},
    {"RequestTimeTooSkewed", Code::permission_denied, Retry::never, kSetTheClock},
    {"PreconditionFailed", Code::conflict, Retry::never, ""},
    {"ConditionalRequestConflict", Code::conflict, Retry::later, ""},
    {"OperationAborted", Code::unavailable, Retry::later, ""},
    {"InvalidRange", Code::invalid_argument, Retry::never, ""},
    {"InvalidBucketName", Code::invalid_argument, Retry::never, "check BUCKET_NAME"},
    {"KeyTooLongError", Code::invalid_argument, Retry::never, "use shorter names"},
    {"EntityTooLarge", Code::invalid_argument, Retry::never, "use smaller chunks"},
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

// The region is wrong when the server says so or redirects to the bucket's own.
bool wrong_region(const ServerError& error, int status) {
  return error.code == "AuthorizationHeaderMalformed" || error.code == "PermanentRedirect" ||
         error.code == "IllegalLocationConstraintException" || (status >= 301 && status <= 308);
}

// 412 of a PUT means what its condition asked for. 409 does not: another request was under way.
void apply_condition(const Request& request, int status, Verdict& verdict,
                     const std::string& what) {
  if (request.condition == PutCondition::Kind::always || status == 409) return;
  const bool absent = request.condition == PutCondition::Kind::if_absent;
  const Code code = verdict.status.code();
  if (code == Code::conflict) {
    verdict.status = absent ? Status(Code::already_exists, what + " exists")
                            : Status(Code::conflict, what + " was changed by somebody else");
  } else if (code == Code::not_found && !absent) {
    verdict.status = Status(Code::conflict, what + " was removed by somebody else");
  }
}

Verdict judge_answer(const Request& request, const Failure& failure, const Target& target) {
  const ServerError error = read_body(failure.body);
  const std::string what = describe(request, target);
  std::string text = what + ": " + text_of(error, failure);

  if (error.code == "NoSuchBucket") {
    // Not not_found: of a chunk, that would mean that it was never written.
    return {Status(Code::invalid_argument, text + " (the bucket '" + target.bucket +
                                               "' does not exist at " + target.endpoint +
                                               ": create it or check BUCKET_NAME)")};
  }
  if (wrong_region(error, failure.http_status)) {
    const std::string& region = error.region.empty() ? failure.bucket_region : error.region;
    if (failure.http_status / 100 == 3) text += " (redirects are not followed)";
    text += " (the bucket is not in region " + target.region + ": set AWS_REGION";
    return {Status(Code::invalid_argument, text + (region.empty() ? ")" : "=" + region + ")"))};
  }
  const auto known = std::find_if(kKnownCodes.begin(), kKnownCodes.end(),
                                  [&](const KnownCode& each) { return each.name == error.code; });
  KnownCode meaning;
  if (known != kKnownCodes.end()) {
    meaning = *known;
  } else {
    const Verdict plain = judge_status(failure.http_status, !error.code.empty());
    meaning.code = plain.status.code();
    meaning.retry = plain.retry;
    if (meaning.code == Code::permission_denied) meaning.advice = kCheckCredentials;
  }
  const bool refused = target.anonymous && meaning.code == Code::permission_denied;
  const std::string_view advice =
      refused ? "requests are anonymous, ARRAYMORPH_ANONYMOUS is set: the bucket's policy must let "
                "everybody in"
              : meaning.advice;
  if (!advice.empty()) text.append(" (").append(advice).append(")");
  Verdict verdict{Status(meaning.code, text), meaning.retry};
  apply_condition(request, failure.http_status, verdict, what);
  return verdict;
}

bool is_credentials_error(int error) {
  return error >= static_cast<int>(AWS_ERROR_ENUM_BEGIN_RANGE(AWS_C_AUTH_PACKAGE_ID)) &&
         error < static_cast<int>(AWS_ERROR_ENUM_END_RANGE(AWS_C_AUTH_PACKAGE_ID));
}

std::string status_of(const Failure& failure) {
  return failure.seen_status == 0 ? "" : std::to_string(failure.seen_status) + ": ";
}

std::string tls_cause(const std::string& engine_error) {
  const std::string cause = printable(last_tls_cause());
  return cause.empty() ? engine_error : cause;
}

std::string_view right_address(const Target& target) {
  return target.judge != nullptr ? "is the URL right?" : "is AWS_ENDPOINT_URL_S3 right?";
}

std::string_view plain_http_advice(const Target& target) {
  return target.judge != nullptr ? "write http:// if the server speaks no https"
                                 : "if the server speaks plain http, say so in AWS_ENDPOINT_URL_S3";
}

std::string range_of(const Request& request) {
  if (!request.range) return "";
  const ByteRange& range = *request.range;
  return " for bytes " + std::to_string(range.offset) + "-" +
         std::to_string(range.offset + range.length - 1);
}

// No answer, or one whose details the engine keeps to itself.
Verdict judge_transport(const Request& request, const Failure& failure, const Target& target) {
  const std::string text = describe(request, target) + ": ";
  const std::string cause = aws_error_str(failure.engine_error);
  switch (failure.engine_error) {
    case AWS_IO_SOCKET_CONNECTION_REFUSED:
      return {Status(Code::unavailable, text + target.endpoint +
                                            " refuses connections: is the server running, " +
                                            std::string(right_address(target))),
              Retry::soon};
    // The resolver says the same of a name without an address and of one whose addresses have all
    // refused a connection lately.
    case AWS_IO_DNS_NO_ADDRESS_FOR_HOST:
    case AWS_IO_DNS_INVALID_NAME:
    case AWS_IO_DNS_QUERY_FAILED:
      return {Status(Code::unavailable, text + "no address of " + target.endpoint +
                                            " is left, because it refuses connections or its name "
                                            "cannot be resolved: is the server running, " +
                                            std::string(right_address(target))),
              Retry::soon};
    case AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE:
    case AWS_IO_TLS_NEGOTIATION_TIMEOUT:
      return {Status(Code::unavailable, text + "no TLS connection to " + target.endpoint + " (" +
                                            tls_cause(cause) +
                                            "): " + std::string(plain_http_advice(target)) +
                                            "; if its certificate is your own, name it in "
                                            "AWS_CA_BUNDLE"),
              Retry::never};
    case AWS_ERROR_S3_CANCELED:
      return {Status(Code::unavailable, text + "cancelled, the process ends or forks"),
              Retry::never};
    case AWS_ERROR_S3_INTERNAL_ERROR:
    case AWS_ERROR_S3_SLOW_DOWN:
    case AWS_ERROR_S3_REQUEST_TIMEOUT:
      return {Status(Code::unavailable, text + status_of(failure) + target.endpoint +
                                            " is overloaded or failing (" + cause + ")"),
              Retry::later};
    case AWS_ERROR_S3_MISSING_CONTENT_RANGE_HEADER:
    case AWS_ERROR_S3_INVALID_CONTENT_RANGE_HEADER:
    case AWS_ERROR_S3_MISSING_CONTENT_LENGTH_HEADER:
    case AWS_ERROR_S3_INVALID_CONTENT_LENGTH_HEADER:
      return {Status(Code::corrupt, text + cause + range_of(request)), Retry::once};
    case AWS_ERROR_S3_REQUEST_TIME_TOO_SKEWED:
      return {Status(Code::permission_denied, text + status_of(failure) + "RequestTimeTooSkewed (" +
                                                  std::string(kSetTheClock) + ")"),
              Retry::never};
    default:
      break;
  }
  if (is_credentials_error(failure.engine_error)) {
    return {Status(Code::permission_denied,
                   text + "cannot sign the request (" + cause + "): check the AWS credentials"),
            Retry::never};
  }
  const bool began = failure.seen_status != 0;
  return {Status(Code::unavailable, text + (began ? "the answer of " : "no answer from ") +
                                        target.endpoint + (began ? " broke off: " : ": ") + cause),
          Retry::later};
}

}  // namespace

Verdict judge_status(int status, bool named) {
  const auto verdict = [](Code code, Retry retry) { return Verdict{Status(code, {}), retry}; };
  switch (status) {
    case 404:
      return verdict(Code::not_found, Retry::never);
    case 401:
    case 403:
      return verdict(Code::permission_denied, Retry::never);
    case 409:  // named by the server unless it is about a concurrent request
      return verdict(Code::conflict, named ? Retry::never : Retry::later);
    case 412:
      return verdict(Code::conflict, Retry::never);
    case 405:
    case 501:
      return verdict(Code::unsupported, Retry::never);
    case 507:
      return verdict(Code::out_of_space, Retry::never);
    case 408:
    case 429:
      return verdict(Code::unavailable, Retry::later);
    default:
      break;
  }
  if (status >= 500) return verdict(Code::unavailable, Retry::later);
  return verdict(Code::invalid_argument, Retry::never);
}

std::string words_of(const Failure& failure) { return text_of(read_body(failure.body), failure); }

std::string describe(const Request& request, const Target& target) {
  if (target.judge != nullptr) {
    return std::string(request.method) + " " +
           printable(without_secrets(target.endpoint + "/" + request.key), 2000);
  }
  std::string text = std::string(request.method) + " s3://" + target.bucket;
  if (!request.key.empty()) text += "/" + printable(request.key, 2000);
  return text;
}

Verdict judge(const Request& request, const Failure& failure, const Target& target) {
  Verdict verdict;
  if (failure.http_status != 0) {
    verdict = (target.judge != nullptr ? target.judge : judge_answer)(request, failure, target);
  } else {
    verdict = judge_transport(request, failure, target);
  }
  // What else happens between here and the server, or is the proxy's own answer.
  if (failure.http_status == 0 || failure.http_status == kProxyAuthentication) {
    const Status& status = verdict.status;
    verdict.status = Status(status.code(), status.message() + proxy_words(target.endpoint));
  }
  return verdict;
}

}  // namespace arraymorph::store::s3
