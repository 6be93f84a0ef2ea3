#include "store/reach.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "runtime/log.h"

namespace arraymorph::store {
namespace {

constexpr std::array<std::string_view, 5> kSchemes = {"s3://", "file://", "memory://", "https://",
                                                      "http://"};

bool starts_any_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && strncasecmp(text.data(), start.data(), start.size()) == 0;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return result;
}

/// The last URL in a name: HDF5 puts prefixes and folders in front of every name, URLs too.
std::optional<std::string_view> url_in(std::string_view name) {
  for (std::size_t at = name.size(); at-- > 0;) {
    if (at > 0 && name[at - 1] != '/') continue;
    for (const std::string_view scheme : kSchemes) {
      if (starts_any_case(name.substr(at), scheme)) return name.substr(at);
    }
  }
  return std::nullopt;
}

/// "a/./b/../c" as "a/c"; nothing where it climbs over the top.
std::optional<std::string> without_dots(std::string_view path) {
  std::vector<std::string_view> segments;
  const bool rooted = path.starts_with('/');
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      segments.push_back(segment);
    } else if (segments.empty()) {
      return std::nullopt;
    } else {
      segments.pop_back();
    }
  }
  std::string joined;
  for (const std::string_view segment : segments) joined.append("/").append(segment);
  if (!rooted && !joined.empty()) joined.erase(0, 1);
  return joined;
}

/// A URL in three: scheme and container ("s3://bucket", "file://"), path with its '/', query.
struct Parts {
  std::string container;
  std::string path;
  std::string query;
};

Parts take_apart(std::string_view url) {
  const std::size_t scheme = url.find("://") + 3;
  const std::size_t slash = std::min(url.find('/', scheme), url.size());
  Parts parts{std::string(url.substr(0, slash)), std::string(url.substr(slash)), {}};
  if (starts_any_case(url, "http")) {
    const std::size_t query = parts.path.find('?');
    if (query != std::string::npos) {
      parts.query = parts.path.substr(query);
      parts.path.erase(query);
    }
  }
  return parts;
}

/// What climbs over the top stays as it is: locate() refuses it.
std::string without_dots_in_url(std::string_view url) {
  Parts parts = take_apart(url);
  const bool folder = parts.path.ends_with('/');
  auto path = without_dots(parts.path);
  if (!path) return std::string(url);
  if (folder) *path += '/';
  return parts.container + *path + parts.query;
}

void add_url(std::string_view url, const Config& config, std::vector<Meaning>& found,
             Status& failure) {
  auto location = locate(without_dots_in_url(url), config);
  if (!location.ok()) {
    failure = location.status();
  } else if (*location) {
    found.push_back({std::move(**location), true});
  }
}

/// A name without a scheme, where the configuration puts such names; else on the local disk.
Result<Location> locate_unschemed(const std::string& name, std::string_view directory,
                                  const Config& config) {
  if (config.platform != Platform::native) {
    ARRAYMORPH_ASSIGN(auto placed, locate(without_dots(name).value_or(name), config));
    if (placed) return std::move(*placed);
  }
  const std::string path = name.starts_with('/') ? name : std::string(directory) + "/" + name;
  ARRAYMORPH_ASSIGN(auto local, locate(without_dots_in_url("file://" + path), config));
  if (local) return std::move(*local);
  return Status(Code::invalid_argument, printable(path) + " is no name of a file");
}

void add_unschemed(const std::string& name, bool stated, const Origin& file, const Config& config,
                   std::vector<Meaning>& found, Status& failure) {
  auto location = locate_unschemed(name, file.directory, config);
  if (location.ok()) {
    found.push_back({std::move(*location), stated});
  } else if (stated) {
    failure = location.status();
  }
}

/// Percent signs taken as a web server takes them, once; broken ones stay.
std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      const char c = at < text.size() ? static_cast<char>(text[at] | 0x20) : 'x';
      return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    const int high = text[i] == '%' ? digit(i + 1) : -1;
    const int low = high >= 0 ? digit(i + 2) : -1;
    result += low >= 0 ? static_cast<char>(high * 16 + low) : text[i];
    if (low >= 0) i += 2;
  }
  return result;
}

/// Where a path of the local disk really leads; "" when that cannot be told. A symbolic link that
/// leads to nothing yet stays in a weakly canonical path.
std::string resolved(const std::string& path) {
  std::error_code error;
  const auto real = std::filesystem::weakly_canonical(path, error);
  if (error) return "";
  std::filesystem::path part;
  for (const auto& each : real) {
    part /= each;
    if (std::filesystem::is_symlink(part, error)) return "";
  }
  return real.string();
}

/// "https://host" of any spelling; the scheme's own port is left out.
std::string plain_origin(std::string_view origin) {
  std::string text = lower(origin);
  const std::string_view port = text.starts_with("https:") ? ":443" : ":80";
  if (text.ends_with(port)) text.erase(text.size() - port.size());
  return text;
}

/// Spellings to compare, with '/' behind; all of them have to lie below a prefix. None: nowhere.
std::vector<std::string> spellings(std::string_view url) {
  const Parts parts = take_apart(url);
  const auto path = without_dots(parts.path);
  if (!path) return {};
  if (starts_any_case(url, "file://")) {
    const std::string real = resolved(path->empty() ? "/" : *path);
    if (real.empty()) return {};
    return {"file://" + (real == "/" ? "" : real) + "/"};
  }
  if (!starts_any_case(url, "http")) {
    const std::size_t scheme = parts.container.find("://");
    return {lower(parts.container.substr(0, scheme)) + parts.container.substr(scheme) +
            (parts.container.ends_with("//") ? "" : *path + "/")};
  }
  const std::string origin = plain_origin(parts.container);
  if (origin.ends_with("//")) return {origin};
  const auto as_read = without_dots(decoded(*path));
  if (!as_read) return {};
  return {origin + *path + "/", origin + *as_read + "/"};
}

bool lies_below(std::string_view url, std::string_view prefix) {
  const std::vector<std::string> targets = spellings(url);
  const std::vector<std::string> places = spellings(prefix);
  if (places.empty() || targets.empty()) return false;
  return std::all_of(targets.begin(), targets.end(), [&](const std::string& target) {
    return std::any_of(places.begin(), places.end(),
                       [&](const std::string& place) { return target.starts_with(place); });
  });
}

bool is_allowed(std::string_view url, const Config& config) {
  return std::any_of(config.allow_links.begin(), config.allow_links.end(),
                     [&](const std::string& prefix) { return lies_below(url, prefix); });
}

/// The store that a file may lead through, as a URL.
std::string own_place(const Location& file) {
  switch (file.kind) {
    case Location::Kind::s3:
      return "s3://" + file.container + "/";
    case Location::Kind::memory:
      return "memory://" + file.container + "/";
    case Location::Kind::http:
      return file.container + "/";
    case Location::Kind::local:
      break;
  }
  return "file://" + (file.container == "/" ? "" : file.container) + "/";
}

bool is_own(const Location& from, const Location& to) {
  if (from.kind != to.kind) return false;
  if (from.kind == Location::Kind::s3 || from.kind == Location::Kind::memory) {
    return from.container == to.container;
  }
  if (from.kind == Location::Kind::http) {
    return plain_origin(from.container) == plain_origin(to.container);
  }
  // Below the top of the disk everything lies: of such a file its neighbours are meant.
  if (from.container == "/") return to.container == "/" && to.key.find('/') == std::string::npos;
  return lies_below(to.url(), own_place(from));
}

/// Behind the symbolic links on the way, by which local files are judged.
std::string judged(const std::string& target) {
  if (!starts_any_case(target, "file://")) return target;
  const std::string real = resolved(take_apart(target).path);
  return real.empty() ? target : "file://" + real;
}

Status refuse(const Location& from, const std::string& target, const std::string& why) {
  const std::string place = judged(target);
  const std::string text =
      printable(target) + (place == target ? "" : ", really " + printable(place));
  const std::string allowed = place.substr(0, place.rfind('/') + 1);
  return {Code::permission_denied, printable(from.url()) + " leads to " + text + ", " + why +
                                       "; ARRAYMORPH_ALLOW_LINKS=" + printable(allowed) +
                                       " allows it"};
}

}  // namespace

std::string folder_of(const Location& file) {
  const std::string url = file.kind == Location::Kind::http
                              ? file.container + "/" + file.key.substr(0, file.key.find('?'))
                              : file.url();
  return url.substr(0, url.rfind('/') + 1);
}

Result<std::vector<Meaning>> meanings(std::string_view name, const Origin& file,
                                      const Config& config) {
  constexpr std::string_view kOrigin = "${ORIGIN}";
  std::vector<Meaning> found;
  Status failure(Code::invalid_argument, "the name of the file is missing");
  const std::string folder = folder_of(file.location);
  if (const auto url = url_in(name)) {
    add_url(*url, config, found, failure);
  } else if (name.starts_with(kOrigin)) {
    add_url(folder + std::string(name.substr(kOrigin.size())), config, found, failure);
  } else if (!name.empty()) {
    // HDF5 puts the working directory in front of the folder of names that are not absolute.
    const std::string front = std::string(file.directory) + "/";
    if (!file.name.starts_with('/') && name.starts_with(front)) name.remove_prefix(front.size());
    const std::string text(name);
    if (text.starts_with('/')) {
      add_unschemed(text, true, file, config, found, failure);
    } else {
      const std::size_t slash = url_in(file.name) ? std::string_view::npos : file.name.rfind('/');
      const bool whole =
          slash != std::string_view::npos && text.starts_with(file.name.substr(0, slash + 1));
      if (!whole) add_url(folder + text, config, found, failure);
      add_unschemed(text, false, file, config, found, failure);
    }
  }
  if (found.empty()) return failure;
  return found;
}

Status may_reach(const Location& from, const Location& to, const Config& config) {
  if (is_own(from, to) || is_allowed(to.identity(), config)) return {};
  return refuse(from, to.url(), "which lies outside of its own store (" + own_place(from) + ")");
}

Status may_touch(const Location& from, const std::string& path, const Config& config) {
  const std::string url = "file://" + path;
  if (is_allowed(url, config)) return {};
  return refuse(from, url,
                "a file of raw data on this machine, which files in stores do not touch");
}

}  // namespace arraymorph::store
