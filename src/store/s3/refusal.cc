#include "store/s3/refusal.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "runtime/log.h"

namespace arraymorph::store::s3 {
namespace {

constexpr std::int64_t kWrongClock = 300;  // seconds; servers refuse from 900 on, some from a day
constexpr std::size_t kMaxRegion = 64;
constexpr std::size_t kShown = 120;  // bytes of an answer that is not S3's

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

template <std::size_t N>
bool has_any(std::string_view text, const std::array<std::string_view, N>& parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view each) { return has(text, each); });
}

// It may become part of a host name.
bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= kMaxRegion && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [](unsigned char each) {
           return std::isalnum(each) != 0 || each == '-' || each == '_';
         });
}

bool is_method(const Request& request, std::string_view method) { return method == request.method; }

// The words of Go, nginx and Apache to those who speak http on their https port.
bool wants_https(std::string_view body) {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"HTTP request to an HTTPS server", "plain HTTP request was sent to HTTPS port",
       "speaking plain HTTP to an SSL-enabled server"});
  return has_any(body, kWords);
}

std::string https_advice(const Target& target) {
  return target.endpoint + " speaks https there: set AWS_ENDPOINT_URL_S3=https://" +
         std::string(target.authority());
}

bool signature_refused(const ErrorDocument& error) {
  constexpr auto kWords = std::to_array<std::string_view>({"nvalid signature", "nvalid Signature"});
  return error.code == "SignatureDoesNotMatch" || has_any(error.message, kWords);
}

bool key_unknown(const ErrorDocument& error) {
  return error.code == "InvalidAccessKeyId" || has(error.message, "No such key: ");
}

bool payload_refused(const ErrorDocument& error) {
  constexpr auto kWords =
      std::to_array<std::string_view>({"UNSIGNED-PAYLOAD", "nsigned payload", "ontent-sha256"});
  return error.code == "XAmzContentSHA256Mismatch" || has_any(error.message, kWords);
}

bool is_clock_wrong(const Failure& failure) {
  return failure.clock_ahead && std::abs(*failure.clock_ahead) > kWrongClock;
}

std::string key_of(const Target& target) {
  return target.key_id.empty() ? "the access key" : "access key " + target.key_id;
}

// What a wrong signature cannot come from.
std::string ruled_out(const ErrorDocument& error, const Failure& failure, const Target& target) {
  std::string text;
  if (error.region == target.region) text = "the region, " + target.region + " for both";
  if (failure.clock_ahead && std::abs(*failure.clock_ahead) <= kWrongClock) {
    text += std::string(text.empty() ? "" : "; ") + "the clock, which agrees within " +
            std::to_string(std::abs(*failure.clock_ahead) + 1) + " s";
  }
  return text.empty() ? "" : ". Ruled out: " + text;
}

// One answer for several causes: the likely ones first.
std::string signature_advice(const ErrorDocument& error, const Failure& failure,
                             const Target& target) {
  std::string text = "AWS_SECRET_ACCESS_KEY is not the secret of " + key_of(target);
  if (error.region != target.region) {
    text += ", or AWS_REGION=" + target.region + " is not the server's region";
  }
  if (!target.sign_payload) {
    text += ", or the server wants signed payloads (AWS_SIGNED_PAYLOADS=true)";
  }
  text += ", or a proxy before " + target.endpoint + " changes the host name or the path";
  return text + ruled_out(error, failure, target);
}

std::string garage_permission(const Target& target) {
  return key_of(target) + " has no such right on bucket '" + target.bucket +
         "': on the server, garage bucket allow --read --write " + target.bucket + " --key KEY";
}

}  // namespace

std::string other_region(const ErrorDocument& error, const Failure& failure, const Target& target) {
  constexpr auto kCodes = std::to_array<std::string_view>(
      {"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect", "Redirect",
       "IllegalLocationConstraintException", "InvalidRegion"});
  const int status = failure.http_status;
  const bool refused = status == 400 || status == 401 || status == 403;
  const bool about_region =
      status / 100 == 3 || std::find(kCodes.begin(), kCodes.end(), error.code) != kCodes.end();
  std::string named = error.region;
  if (!about_region && !(refused && !named.empty())) {
    // Answers to HEAD have no body: the header is all there is.
    if (!refused) return "";
    named = failure.bucket_region;
  }
  if (named.empty()) named = failure.bucket_region;
  return is_region(named) && named != target.region ? named : "";
}

std::string advice_on_redirect(const Failure& failure, const Target& target) {
  const std::string to = printable(without_secrets(failure.location));
  const std::string https = "https://" + std::string(target.authority());
  // Behind a proxy the port may be another.
  const bool same_host = to.starts_with(https.substr(0, https.rfind(':')));
  if (!target.tls() && to.starts_with("https://") && same_host) {
    const std::string rest = to.substr(8);
    return "redirects are not followed: this server wants https: set AWS_ENDPOINT_URL_S3=https://" +
           rest.substr(0, rest.find('/'));
  }
  if (to.empty()) {
    return "the bucket is not in region " + target.region +
           ", and the server does not say in which: set AWS_REGION";
  }
  return "redirects are not followed, and this one leads to " + to +
         ": is AWS_ENDPOINT_URL_S3 right? If the bucket is not in region " + target.region +
         ", set AWS_REGION";
}

std::string advice_on_addressing(const Request& request, const ErrorDocument& error,
                                 const Target& target) {
  const std::string& other = error.bucket;
  if (!other.empty() && other != target.bucket) {
    if (target.path_style) {
      return "the server looked for a bucket '" + other + "', not for '" + target.bucket +
             "': is AWS_ENDPOINT_URL_S3=" + target.endpoint + " right?";
    }
    const bool of_name = printable(request.key).starts_with(other);
    return "the server took '" + other + "', " +
           (of_name ? "the beginning of the file's name" : "a part of the host name") +
           ", for the bucket: AWS_S3_ADDRESSING_STYLE=virtual puts the bucket '" + target.bucket +
           "' into the host name, which this server does not read: set "
           "AWS_S3_ADDRESSING_STYLE=path";
  }
  const std::string doubled = target.bucket + "/" + request.key;
  if (target.path_style && !request.key.empty() && error.code == "NoSuchKey" &&
      error.key == printable(doubled, 2000)) {
    return "the server looked for '" + error.key + "' inside the bucket: " + target.endpoint +
           " names the bucket already: take it out of AWS_ENDPOINT_URL_S3";
  }
  return "";
}

std::optional<std::string> not_s3(const Request& request, const ErrorDocument& error,
                                  const Failure& failure, const Target& target) {
  if (error.found() || is_method(request, "HEAD")) return std::nullopt;
  if (failure.http_status == 400 && wants_https(failure.body)) return https_advice(target);
  switch (failure.http_status) {
    case 400:
    case 401:
    case 403:
    case 404:
    case 405:
      break;
    default:
      return std::nullopt;
  }
  // S3 says nothing to a DELETE of what is not there.
  if (failure.http_status == 404 && is_method(request, "DELETE")) return std::nullopt;
  const std::string said =
      failure.body.empty() ? "nothing" : "'" + printable(failure.body, kShown) + "'";
  return target.endpoint + " answers, but not as an S3 server: it says " + said +
         ". Is the port in AWS_ENDPOINT_URL_S3 that of the S3 service, and no proxy in between?";
}

std::string advice_on_refusal(const ErrorDocument& error, const Failure& failure,
                              const Target& target) {
  if (error.code == "RequestTimeTooSkewed" || is_clock_wrong(failure)) {
    return advice_on_clock(failure);
  }
  if (payload_refused(error)) {
    return target.sign_payload ? "the body was changed on its way: is there a proxy in between?"
                               : "this server wants signed payloads: set AWS_SIGNED_PAYLOADS=true";
  }
  if (signature_refused(error)) return signature_advice(error, failure, target);
  if (key_unknown(error)) {
    const bool garage = has(error.message, "No such key: ");
    return "the server does not know " + key_of(target) +
           ": check AWS_ACCESS_KEY_ID, and that AWS_ENDPOINT_URL_S3 is the server it is for" +
           (garage ? "; a Garage without a layout knows no key: `garage layout show`" : "");
  }
  if (has(error.message, "not allowed for this key")) return garage_permission(target);
  if (error.code == "AccessDenied") return "";
  const bool named = !error.code.empty() && failure.http_status != 403;
  if (named) return "";
  return "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the bucket's policy";
}

std::string advice_on_state(const ErrorDocument& error) {
  if (has(error.message, "ould not reach quorum")) {
    return "too few of the server's nodes answer: on the server, `garage status` says which are "
           "down, and `garage layout show` which are needed; one that is gone for good must leave "
           "the layout";
  }
  if (has(error.message, "Layout not ready")) {
    return "this Garage has no layout yet: `garage layout assign`, then `garage layout apply`";
  }
  return "part of the server is down or full, or it has too much to do. Look at its log and state: "
         "Garage `garage status` and `garage layout show`, MinIO `mc admin info`, SeaweedFS "
         "`volume.list` in `weed shell`; or ask for less at a time with ARRAYMORPH_CONNECTIONS";
}

std::string advice_on_clock(const Failure& failure) {
  if (!is_clock_wrong(failure)) {
    return "this machine's clock and the server's differ by too much: set the clock";
  }
  return "this machine's clock is " + std::to_string(std::abs(*failure.clock_ahead)) + " s " +
         (*failure.clock_ahead > 0 ? "ahead of" : "behind") + " the server's: set the clock";
}

std::string shortened(const std::string& key_id) {
  constexpr std::size_t kEnough = 12;
  if (key_id.size() < kEnough) return key_id.empty() ? "" : key_id.substr(0, 2) + "...";
  return key_id.substr(0, 4) + "..." + key_id.substr(key_id.size() - 2);
}

}  // namespace arraymorph::store::s3
