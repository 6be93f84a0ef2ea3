#include "runtime/endpoint.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "runtime/config/parse.h"
#include "runtime/log.h"

namespace arraymorph {
namespace {

using config::equal_any_case;
using config::parse_flag;
using config::refuse;

constexpr std::string_view kEndpoints = "http://host[:port][/path], https://host[:port][/path]";

// What a message calls a setting: the variable that was set, "region of profile lab in ...".
std::string name_of(const std::string& source, const char* property, const char* variable) {
  if (source.empty() || source == "default") return variable;
  return source.find(' ') == std::string::npos ? source : property + (" of " + source);
}

std::string endpoint_name(const S3Settings& settings) {
  return name_of(settings.sources.endpoint, "endpoint_url", "AWS_ENDPOINT_URL_S3");
}

std::string style_name(const S3Settings& settings) {
  return name_of(settings.sources.addressing_style, "addressing_style", "AWS_S3_ADDRESSING_STYLE");
}

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
Status split(const S3Settings& settings, std::string_view rest, S3Endpoint& endpoint) {
  const std::string shown = without_secrets(settings.endpoint);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t slash = rest.find('/');
  const std::string_view authority = rest.substr(0, slash);
  const std::string_view prefix = slash == std::string_view::npos ? "" : rest.substr(slash);
  const std::string_view host = host_of(authority);
  if (!authority.starts_with('[') && std::count(authority.begin(), authority.end(), ':') > 1) {
    return Status(Code::invalid_argument, endpoint_name(settings) + "=" + shown +
                                              " has an IPv6 address, which stands in brackets in "
                                              "a URL: http://[::1]:3900");
  }
  if (host.empty() || rest.find_first_of("?#@ \\") != std::string_view::npos ||
      !is_port(authority.substr(host.size())) ||
      (host.starts_with('[') && !is_address(std::string(host))) ||
      !std::all_of(prefix.begin(), prefix.end(), may_stand_in_path)) {
    return refuse(endpoint_name(settings), shown, kEndpoints);
  }
  endpoint.authority = authority;
  endpoint.prefix = prefix;
  return Status();
}

// Splits "scheme://authority/prefix" and decides TLS.
Status read_url(const S3Settings& settings, S3Endpoint& endpoint) {
  const std::string& text = settings.endpoint;
  const std::string shown = without_secrets(text);
  const std::string tls = name_of(settings.sources.use_tls, "use_tls", "AWS_USE_TLS");
  std::optional<bool> wanted;
  if (!settings.use_tls.empty()) {
    ARRAYMORPH_ASSIGN(wanted, parse_flag(tls, settings.use_tls));
  }
  if (text.empty()) {
    endpoint.tls = wanted.value_or(true);
    return Status();
  }
  const std::size_t mark = text.find("://");
  std::string_view rest = text;
  if (mark == std::string::npos) {
    if (!wanted) {
      return Status(Code::invalid_argument,
                    "the S3 endpoint '" + shown + "' has no scheme: write http://" + shown +
                        " or https://" + shown + " (" + endpoint_name(settings) + ")");
    }
    endpoint.tls = *wanted;
  } else {
    const std::string_view scheme = rest.substr(0, mark);
    rest.remove_prefix(mark + 3);
    endpoint.tls = equal_any_case(scheme, "https");
    if (!endpoint.tls && !equal_any_case(scheme, "http")) {
      return refuse(endpoint_name(settings), shown, kEndpoints);
    }
    if (wanted && *wanted != endpoint.tls) {
      return Status(Code::invalid_argument,
                    tls + "=" + settings.use_tls + " contradicts " + endpoint_name(settings) + "=" +
                        shown + ": the scheme decides, so unset " + tls + " or change the scheme");
    }
  }
  return split(settings, rest, endpoint);
}

Status read_style(const S3Settings& settings, S3Endpoint& endpoint) {
  const std::string& style = settings.addressing_style;
  if (style.empty() || equal_any_case(style, "auto")) {
    endpoint.path_style = !endpoint.aws();
    return Status();
  }
  endpoint.path_style = equal_any_case(style, "path");
  if (!endpoint.path_style && !equal_any_case(style, "virtual")) {
    return refuse(style_name(settings), style, "path, virtual, auto");
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
    const std::string name =
        name_of(settings.sources.signed_payloads, "signed_payloads", "AWS_SIGNED_PAYLOADS");
    ARRAYMORPH_ASSIGN(endpoint.sign_payload, parse_flag(name, settings.signed_payloads));
  }
  return endpoint;
}

}  // namespace arraymorph
