// URLs of plain files on web servers.
#pragma once

#include <string>
#include <string_view>

#include "arraymorph/status.h"

namespace arraymorph::store::http {

struct Url {
  std::string origin;  ///< "https://host" or "https://host:port", the scheme in small letters
  std::string key;     ///< path and query without the first '/', as they were given

  bool tls() const { return origin.starts_with("https:"); }
  std::string_view authority() const { return std::string_view(origin).substr(tls() ? 8 : 7); }
  std::string text() const { return origin + "/" + key; }
};

/// Nothing is decoded, encoded or normalised: the signature of a presigned URL covers it. Errors:
/// invalid_argument (no host or no path, user and password, a fragment, characters that URLs do
/// not have). Messages show no query.
Result<Url> read_url(std::string_view text);

/// What `reference` (a Location header, RFC 3986) means in an answer to `base`. Errors:
/// invalid_argument, also where it leads from https to http.
Result<Url> follow(const Url& base, std::string_view reference);

}  // namespace arraymorph::store::http
