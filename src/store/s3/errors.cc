#include "store/s3/errors.h"

#include "runtime/log.h"
#include "store/s3/error_document.h"
#include "store/s3/known_codes.h"
#include "store/s3/proxy.h"
#include "store/s3/refusal.h"
#include "store/s3/transport_errors.h"

namespace arraymorph::store::s3 {
namespace {

constexpr int kProxyAuthentication = 407;

std::string text_of(const ErrorDocument& error, const Failure& failure) {
  std::string text = std::to_string(failure.http_status);
  if (!error.code.empty()) text += " " + error.code;
  if (!error.message.empty()) text += ": " + error.message;
  return text;
}

std::string in_brackets(const std::string& advice) {
  return advice.empty() ? "" : " (" + advice + ")";
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
    verdict.status = Status(Code::conflict, what + std::string(kRemoved));
  }
}

// What is wrong with where the request went; nothing: it went to the right place.
std::optional<Verdict> judge_place(const Request& request, const Failure& failure,
                                   const Target& target, const ErrorDocument& error,
                                   const std::string& text) {
  const auto wrong = [&](const std::string& advice) {
    // Not not_found: of a chunk, that would mean that it was never written.
    return Verdict{Status(Code::invalid_argument, text + in_brackets(advice))};
  };
  if (std::string region = other_region(error, failure, target); !region.empty()) {
    Verdict verdict = wrong("the bucket is in region " + region + ", not in " + target.region +
                            ": set AWS_REGION=" + region);
    verdict.retry = Retry::moved;
    verdict.region = std::move(region);
    return verdict;
  }
  if (failure.http_status / 100 == 3) return wrong(advice_on_redirect(failure, target));
  if (const std::string advice = advice_on_addressing(request, error, target); !advice.empty()) {
    return wrong(advice);
  }
  if (error.code == "NoSuchBucket") {
    return wrong("the bucket '" + target.bucket + "' does not exist at " + target.endpoint +
                 ": create it or check BUCKET_NAME");
  }
  if (error.code == "AuthorizationHeaderMalformed") {
    return wrong("region " + target.region + " is wrong: set AWS_REGION to the server's");
  }
  if (const auto advice = not_s3(request, error, failure, target)) return wrong(*advice);
  return std::nullopt;
}

Verdict judge_answer(const Request& request, const Failure& failure, const Target& target) {
  const ErrorDocument error = read_error_document(failure.body);
  const std::string what = describe(request, target);
  std::string text = what + ": " + text_of(error, failure);
  if (auto verdict = judge_place(request, failure, target, error, text)) return *verdict;

  const KnownCode* const known = find_known_code(error.code);
  const Verdict plain = judge_status(failure.http_status, !error.code.empty());
  const Code code = known != nullptr ? known->code : plain.status.code();
  std::string advice;
  if (code == Code::permission_denied && target.anonymous) {
    advice =
        "requests are anonymous, ARRAYMORPH_ANONYMOUS is set: the bucket's policy must let "
        "everybody in";
  } else if (code == Code::permission_denied || failure.http_status == 400) {
    advice = advice_on_refusal(error, failure, target);
  } else if (code == Code::unavailable && failure.http_status >= 500) {
    advice = advice_on_state(error);
  }
  if (advice.empty() && known != nullptr) advice = known->advice;
  Verdict verdict{Status(code, text + in_brackets(advice)),
                  known != nullptr ? known->retry : plain.retry};
  apply_condition(request, failure.http_status, verdict, what);
  return verdict;
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
    case 413:
      return verdict(Code::too_large, Retry::never);
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

std::string words_of(const Failure& failure) {
  return text_of(read_error_document(failure.body), failure);
}

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
  if (!target.names.empty()) {
    verdict.status = Status(verdict.status.code(), in_names(verdict.status.message(), target));
  }
  return verdict;
}

std::string in_names(std::string message, const Target& target) {
  for (const auto& [name, used] : target.names) {
    for (std::size_t at = 0; (at = message.find(name, at)) != std::string::npos;) {
      message.replace(at, name.size(), used);
      at += used.size();
    }
  }
  return message;
}

}  // namespace arraymorph::store::s3
