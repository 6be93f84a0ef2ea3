#include "store/http/url.h"

#include <strings.h>

#include <algorithm>
#include <vector>

#include "runtime/log.h"

namespace arraymorph::store::http {
namespace {

Status refuse(std::string_view text, const std::string& why) {
  return Status(Code::invalid_argument, "'" + printable(without_secrets(text)) + "': " + why);
}

bool starts_any_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && strncasecmp(text.data(), start.data(), start.size()) == 0;
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool may_stand_in_host(char c) {
  return is_alphanumeric(c) || std::string_view("-._~:[]").find(c) != std::string_view::npos;
}

bool has_scheme(std::string_view reference) {
  const std::size_t colon = reference.find(':');
  return colon != std::string_view::npos && colon > 0 &&
         reference.substr(0, colon).find_first_of("/?#") == std::string_view::npos;
}

// "a/./b/../c" as "a/c" (RFC 3986, 5.2.4), without a first slash.
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> segments;
  bool open = true;  // the last segment is still to come
  while (open) {
    const std::size_t slash = path.find('/');
    open = slash != std::string_view::npos;
    const std::string_view segment = path.substr(0, slash);
    if (open) path.remove_prefix(slash + 1);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (segment != ".") {
      segments.push_back(segment);
      continue;
    }
    if (!open) segments.emplace_back();
  }
  std::string joined;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    joined.append(i > 0 ? "/" : "").append(segments[i]);
  }
  return joined;
}

// A reference without scheme and host.
std::string follow_path(const Url& base, std::string_view reference) {
  const std::string_view path = std::string_view(base.key).substr(0, base.key.find('?'));
  if (reference.starts_with('?')) return base.origin + "/" + std::string(path).append(reference);
  const std::size_t query = std::min(reference.find('?'), reference.size());
  std::string joined(reference.substr(0, query));
  if (joined.starts_with('/')) {
    joined.erase(0, 1);
  } else if (const std::size_t slash = path.rfind('/'); slash != std::string_view::npos) {
    joined.insert(0, path.substr(0, slash + 1));
  }
  return base.origin + "/" + without_dots(joined).append(reference.substr(query));
}

}  // namespace

Result<Url> read_url(std::string_view text) {
  const std::string_view scheme = starts_any_case(text, "https://") ? "https://" : "http://";
  const std::string_view rest = text.substr(scheme.size());
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos) {
    return refuse(
        text,
        "user and password do not belong into the URL, and none are sent: use a public or "
        "a presigned URL");
  }
  if (authority.empty() || !std::all_of(authority.begin(), authority.end(), may_stand_in_host)) {
    return refuse(text, "write " + std::string(scheme) + "host/path");
  }
  if (text.find('#') != std::string_view::npos) {
    return refuse(text, "servers never see what follows '#': leave it out, or write %23");
  }
  const auto outside = [](char c) { return c <= 0x20 || c == 0x7F || (c & 0x80) != 0; };
  if (std::any_of(text.begin(), text.end(), outside)) {
    return refuse(
        text,
        "blanks, control characters and letters beyond ASCII are percent-encoded in a URL "
        "(a blank is %20)");
  }
  if (rest.size() <= end + 1 || rest[end] != '/' || rest[end + 1] == '?') {
    return refuse(text, "the name of the file is missing");
  }
  return Url{std::string(scheme).append(authority), std::string(rest.substr(end + 1))};
}

Result<Url> follow(const Url& base, std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  std::string target;
  if (reference.starts_with("//")) {
    target = (base.tls() ? "https:" : "http:") + std::string(reference);
  } else if (has_scheme(reference)) {
    target = reference;
  } else {
    target = follow_path(base, reference);
  }
  if (!starts_any_case(target, "http://") && !starts_any_case(target, "https://")) {
    return refuse(target, "the server redirects to what is no http or https URL");
  }
  ARRAYMORPH_ASSIGN(Url url, read_url(target));
  if (base.tls() && !url.tls()) {
    return refuse(target, "the server redirects from https to http, which is not followed");
  }
  return url;
}

}  // namespace arraymorph::store::http
