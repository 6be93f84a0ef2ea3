#include "store/s3/transport_errors.h"

#include <aws/auth/auth.h>
#include <aws/common/error.h>
#include <aws/http/http.h>
#include <aws/io/io.h>
#include <aws/s3/s3.h>

#include "runtime/endpoint.h"
#include "runtime/log.h"
#include "store/s3/limits.h"
#include "store/s3/refusal.h"
#include "store/s3/tls_cause.h"

namespace arraymorph::store::s3 {
namespace {

bool is_credentials_error(int error) {
  return error >= static_cast<int>(AWS_ERROR_ENUM_BEGIN_RANGE(AWS_C_AUTH_PACKAGE_ID)) &&
         error < static_cast<int>(AWS_ERROR_ENUM_END_RANGE(AWS_C_AUTH_PACKAGE_ID));
}

std::string status_of(const Failure& failure) {
  return failure.seen_status == 0 ? "" : std::to_string(failure.seen_status) + ": ";
}

// The engine's words end with a full stop, or not.
std::string without_stop(std::string text) {
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string right_address(const Target& target) {
  return target.judge != nullptr ? "is the URL right?" : "is AWS_ENDPOINT_URL_S3 right?";
}

// "if ..., write the other scheme".
std::string scheme_advice(const Target& target) {
  const std::string other = target.tls() ? "http://" : "https://";
  const std::string speaks = target.tls() ? "plain http" : "https";
  if (target.judge != nullptr) return "if the server speaks " + speaks + ", write " + other;
  return "if the server speaks " + speaks + ", set AWS_ENDPOINT_URL_S3=" + other +
         std::string(target.authority());
}

Verdict refused(const std::string& text, const Target& target, const std::string& or_else = "") {
  return {Status(Code::unavailable, text + target.endpoint + " refuses connections" + or_else +
                                        ": is the server running, " + right_address(target)),
          Retry::soon};
}

// The resolver says the same of a name without an address and of one whose addresses have all
// refused a connection lately.
Verdict unresolved(const std::string& text, const Target& target) {
  if (is_address(std::string(target.authority()))) {
    return refused(text, target, ", or cannot be reached");
  }
  const bool aws = target.authority().ends_with(".amazonaws.com");
  if (target.judge == nullptr && aws) {
    return {Status(Code::unavailable,
                   text + "no address of " + target.endpoint +
                       " is left: is AWS_REGION=" + target.region +
                       " a region, and can this network reach AWS? For a server of your own, set "
                       "AWS_ENDPOINT_URL_S3"),
            Retry::soon};
  }
  if (!target.path_style) {
    const std::string host = target.bucket + "." + std::string(target.authority());
    return {Status(Code::unavailable,
                   text + "no address of '" + host +
                       "' is left, because it refuses connections "
                       "or has none: AWS_S3_ADDRESSING_STYLE=virtual puts the bucket before the "
                       "host name, and the network must know that name: else set "
                       "AWS_S3_ADDRESSING_STYLE=path"),
            Retry::soon};
  }
  return {Status(Code::unavailable, text + "no address of " + target.endpoint +
                                        " is left, because it refuses connections or its name "
                                        "cannot be resolved: is the server running, " +
                                        right_address(target)),
          Retry::soon};
}

// The cause is known in one flavour of the engine only.
Verdict no_tls(const std::string& text, const std::string& engine_error, const Target& target) {
  const std::string cause = printable(last_tls_cause());
  const std::string why = cause.empty() ? engine_error : cause;
  return {
      Status(Code::unavailable, text + "no TLS connection to " + target.endpoint + " (" + why +
                                    "): " + scheme_advice(target) +
                                    "; if its certificate is your own, name it in AWS_CA_BUNDLE"),
      Retry::never};
}

// The engine keeps the words of these answers to itself.
Verdict failing(const std::string& text, const Failure& failure, const std::string& cause,
                const Target& target) {
  std::string advice;
  if (target.judge == nullptr && failure.seen_status >= 500) {
    advice = ": " + advice_on_state(ErrorDocument());
  }
  return {Status(Code::unavailable, text + status_of(failure) + target.endpoint +
                                        " is overloaded or failing (" + cause + ")" + advice),
          Retry::later};
}

Verdict no_answer(const std::string& text, const Failure& failure, const std::string& cause,
                  const Target& target) {
  const bool began = failure.seen_status != 0;
  std::string what = text + (began ? "the answer of " : "no answer from ") + target.endpoint +
                     (began ? " broke off: " : ": ") + without_stop(cause) +
                     advice_on_limits(failure.engine_error);
  // A TLS server answers plain http with an alert, or hangs up.
  const bool other_protocol = failure.engine_error == AWS_ERROR_HTTP_PROTOCOL_ERROR ||
                              failure.engine_error == AWS_ERROR_S3_INVALID_RESPONSE_STATUS ||
                              failure.engine_error == AWS_ERROR_INVALID_STATE;
  const bool closed = failure.engine_error == AWS_IO_SOCKET_CLOSED ||
                      failure.engine_error == AWS_ERROR_HTTP_CONNECTION_CLOSED;
  if (!began && (other_protocol || closed)) {
    what +=
        std::string(" (") +
        (other_protocol ? "what listens there does not answer as S3 does: " : "") +
        scheme_advice(target) + "; else " +
        (target.judge != nullptr ? "is the port right?" : "is its port that of the S3 service?") +
        ")";
  }
  return {Status(Code::unavailable, what), Retry::later};
}

}  // namespace

Verdict judge_transport(const Request& request, const Failure& failure, const Target& target) {
  const std::string text = describe(request, target) + ": ";
  const std::string cause = aws_error_str(failure.engine_error);
  switch (failure.engine_error) {
    case AWS_IO_SOCKET_CONNECTION_REFUSED:
      return refused(text, target);
    case AWS_IO_DNS_NO_ADDRESS_FOR_HOST:
    case AWS_IO_DNS_INVALID_NAME:
    case AWS_IO_DNS_QUERY_FAILED:
      return unresolved(text, target);
    case AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE:
    case AWS_IO_TLS_NEGOTIATION_TIMEOUT:
      return no_tls(text, cause, target);
    case AWS_ERROR_S3_CANCELED:
      return {Status(Code::unavailable, text + "cancelled, the process ends or forks")};
    case AWS_ERROR_S3_INTERNAL_ERROR:
    case AWS_ERROR_S3_SLOW_DOWN:
    case AWS_ERROR_S3_REQUEST_TIMEOUT:
      return failing(text, failure, cause, target);
    case AWS_ERROR_S3_MISSING_CONTENT_RANGE_HEADER:
    case AWS_ERROR_S3_INVALID_CONTENT_RANGE_HEADER:
    case AWS_ERROR_S3_MISSING_CONTENT_LENGTH_HEADER:
    case AWS_ERROR_S3_INVALID_CONTENT_LENGTH_HEADER: {
      std::string range;
      if (request.range) {
        range = " for bytes " + std::to_string(request.range->offset) + "-" +
                std::to_string(request.range->offset + request.range->length - 1);
      }
      return {Status(Code::corrupt, text + cause + range), Retry::once};
    }
    case AWS_ERROR_S3_REQUEST_TIME_TOO_SKEWED:
      return {Status(Code::permission_denied, text + status_of(failure) + "RequestTimeTooSkewed (" +
                                                  advice_on_clock(failure) + ")")};
    default:
      break;
  }
  if (is_credentials_error(failure.engine_error)) {
    return {Status(Code::permission_denied,
                   text + "cannot sign the request (" + cause + "): check the AWS credentials")};
  }
  return no_answer(text, failure, cause, target);
}

}  // namespace arraymorph::store::s3
