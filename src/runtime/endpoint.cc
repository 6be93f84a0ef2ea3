#include "runtime/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "runtime/log.h"
#include "runtime/parse.h"

namespace arraymorph {
namespace {

constexpr std::string_view kEndpoints = "http://host[:port][/path], https://host[:port][/path]";

std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

bool is_port(std::string_view text) {
  return text.empty() || (text.front() == ':' && text.size() > 1 && text.size() <= 6 &&
                          text.find_first_not_of("0123456789", 1) == std::string_view::npos);
}

bool may_stand_in_path(char c) {
  const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return plain || std::string_view("-._~/%").find(c) != std::string_view::npos;
}

// "host:port/path" into its parts.
Status split(std::string_view rest, const std::string& shown, S3Endpoint& endpoint) {
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  const std::string_view prefix = slash == std::string_view::npos ? "" : rest.substr(slash);
  const std::string_view host = host_of(authority);
  if (!authority.starts_with('[') && std::count(authority.begin(), authority.end(), ':') > 1) {
    return Status(Code::invalid_argument, "the S3 endpoint " + shown +
                                              " has an IPv6 address, which stands in brackets in "
                                              "a URL: http://[::1]:3900");
  }
  if (host.empty() || rest.find_first_of("?#@ \\") != std::string_view::npos ||
      !is_port(authority.substr(host.size())) ||
      (host.starts_with('[') && !is_address(std::string(host))) ||
      !std::all_of(prefix.begin(), prefix.end(), may_stand_in_path)) {
    return refuse("the S3 endpoint", shown, kEndpoints);
  }
  endpoint.authority = authority;
  endpoint.prefix = prefix;
  return Status();
}

// Splits "scheme://authority/prefix" and decides TLS.
Status read_url(const S3Settings& settings, S3Endpoint& endpoint) {
  const std::string& text = settings.endpoint;
  const std::string shown = without_secrets(text);
  std::optional<bool> wanted;
  if (!settings.use_tls.empty()) {
    ARRAYMORPH_ASSIGN(wanted, parse_flag("AWS_USE_TLS", settings.use_tls));
  }
  if (text.empty()) {
    endpoint.tls = wanted.value_or(true);
    return Status();
  }
  const std::size_t mark = text.find("://");
  std::string_view rest = text;
  if (mark == std::string::npos) {
    if (!wanted) {
      return Status(Code::invalid_argument, "the S3 endpoint '" + shown +
                                                "' has no scheme: write http://" + shown +
                                                " or https://" + shown + " (AWS_ENDPOINT_URL_S3)");
    }
    endpoint.tls = *wanted;
  } else {
    const std::string_view scheme = rest.substr(0, mark);
    rest.remove_prefix(mark + 3);
    endpoint.tls = equal_any_case(scheme, "https");
    if (!endpoint.tls && !equal_any_case(scheme, "http")) {
      return refuse("the S3 endpoint", shown, kEndpoints);
    }
    if (wanted && *wanted != endpoint.tls) {
      return Status(Code::invalid_argument,
                    "AWS_USE_TLS=" + settings.use_tls + " contradicts the endpoint " + shown +
                        ": the scheme decides, so unset AWS_USE_TLS or change the scheme");
    }
  }
  return split(rest, shown, endpoint);
}

Status read_style(const S3Settings& settings, S3Endpoint& endpoint) {
  const std::string& style = settings.addressing_style;
  if (style.empty() || equal_any_case(style, "auto")) {
    endpoint.path_style = !endpoint.aws();
    return Status();
  }
  endpoint.path_style = equal_any_case(style, "path");
  if (!endpoint.path_style && !equal_any_case(style, "virtual")) {
    return refuse("AWS_S3_ADDRESSING_STYLE", style, "path, virtual, auto");
  }
  if (!endpoint.path_style && is_address(endpoint.authority)) {
    return Status(Code::invalid_argument,
                  "AWS_S3_ADDRESSING_STYLE=" + style +
                      " puts the bucket before the host name, but " + "the S3 endpoint " +
                      without_secrets(settings.endpoint) +
                      " has an address: set AWS_S3_ADDRESSING_STYLE=path, or use a name");
  }
  return Status();
}

}  // namespace

bool is_address(const std::string& authority) {
  const std::string host(host_of(authority));
  unsigned char bytes[sizeof(in6_addr)];
  if (host.starts_with('[')) {
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), bytes) == 1;
  }
  return inet_pton(AF_INET, host.c_str(), bytes) == 1;
}

Result<S3Endpoint> s3_endpoint(const S3Settings& settings) {
  S3Endpoint endpoint;
  ARRAYMORPH_TRY(read_url(settings, endpoint));
  ARRAYMORPH_TRY(read_style(settings, endpoint));
  endpoint.sign_payload = !endpoint.tls;
  if (!settings.signed_payloads.empty()) {
    ARRAYMORPH_ASSIGN(endpoint.sign_payload,
                      parse_flag("AWS_SIGNED_PAYLOADS", settings.signed_payloads));
  }
  return endpoint;
}

}  // namespace arraymorph
