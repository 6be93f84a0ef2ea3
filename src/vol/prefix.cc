#include "vol/prefix.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <random>

namespace arraymorph::vol {
namespace {

constexpr std::size_t kLongestSegment = 200;  // of a name; what is appended fits beside it:
constexpr std::size_t kLongestName = 255;     // bytes that file systems allow

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

std::string hex8(std::uint32_t value) {
  char text[9];
  std::snprintf(text, sizeof text, "%08x", value);
  return text;
}

std::string encode_segment(std::string_view segment) {
  std::string key;
  for (const char c : segment) {
    // A leading dot is ours (".arraymorph") or special ("..").
    if (plain(c) && !(c == '.' && key.empty())) {
      key += c;
    } else {
      char escaped[4];
      std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(c));
      key += escaped;
    }
  }
  if (key.size() > kLongestSegment) {
    const auto hash = static_cast<std::uint32_t>(std::hash<std::string_view>{}(segment));
    key = key.substr(0, kLongestSegment) + "~" + hex8(hash);
  }
  return key;
}

}  // namespace

std::string key_from_path(std::string_view path) {
  std::string key;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (segment.empty()) continue;
    if (!key.empty()) key += '/';
    key += encode_segment(segment);
  }
  return key.empty() ? "dataset" : key;
}

bool is_prefix(std::string_view prefix) {
  for (;;) {
    const std::size_t slash = prefix.find('/');
    const std::string_view segment = prefix.substr(0, slash);
    const bool good = !segment.empty() && segment.front() != '.' &&
                      segment.size() <= kLongestName &&
                      std::all_of(segment.begin(), segment.end(),
                                  [](char c) { return plain(c) || c == '%' || c == '~'; });
    if (!good) return false;
    if (slash == std::string_view::npos) return true;
    prefix.remove_prefix(slash + 1);
  }
}

std::string random_tag() {
  std::random_device device;
  return hex8(device());
}

std::uint64_t random_id() {
  std::random_device device;
  const std::uint64_t high = device();
  return (high << 32 | device()) | 1;
}

std::string PrefixSet::claim(std::string_view path) {
  const std::string stem = key_from_path(path) + (tag_.empty() ? "" : "~" + tag_);
  // Below a taken folder no name will do.
  const bool inside = lies_inside(stem);
  std::string prefix = stem;
  for (unsigned n = 2; !free(prefix); ++n) {
    const std::string number = std::to_string(n);
    prefix = inside ? "~" + number + "/" + stem : stem + "~" + number;
  }
  taken_.insert(prefix);
  return prefix;
}

bool PrefixSet::try_add(const std::string& prefix) {
  if (!free(prefix)) return false;
  taken_.insert(prefix);
  return true;
}

bool PrefixSet::lies_inside(const std::string& prefix) const {
  for (std::size_t slash = prefix.find('/'); slash != std::string::npos;
       slash = prefix.find('/', slash + 1)) {
    if (taken_.contains(prefix.substr(0, slash))) return true;
  }
  return false;
}

bool PrefixSet::free(const std::string& prefix) const {
  if (taken_.contains(prefix) || lies_inside(prefix)) return false;
  const std::string inside = prefix + "/";
  const auto next = taken_.lower_bound(inside);
  return next == taken_.end() || !next->starts_with(inside);
}

}  // namespace arraymorph::vol
