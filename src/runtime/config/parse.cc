#include "runtime/config/parse.h"

#include <strings.h>

#include <charconv>
#include <cstdlib>

namespace arraymorph::config {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

Setting first_of(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    std::string value = environment(name);
    if (!value.empty()) return {std::move(value), name};
  }
  return {};
}

Status refuse(std::string_view name, std::string_view value, std::string_view allowed) {
  return Status(Code::invalid_argument, std::string(name) + "=" + std::string(value) +
                                            " is not understood; allowed: " + std::string(allowed));
}

bool equal_any_case(std::string_view text, std::string_view name) {
  return text.size() == name.size() && strncasecmp(text.data(), name.data(), name.size()) == 0;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  unsigned shift = 0;
  if (!suffix.empty()) {
    const std::string_view units = "KMGkmg";
    const std::size_t unit = units.find(suffix.front());
    if (unit == std::string_view::npos) return std::nullopt;
    shift = 10 * static_cast<unsigned>(unit % 3 + 1);
    suffix.remove_prefix(1);
    if (!suffix.empty() && suffix != "B" && suffix != "iB") return std::nullopt;
  }
  if (number > (std::numeric_limits<std::uint64_t>::max() >> shift)) return std::nullopt;
  return number << shift;
}

Result<bool> parse_flag(std::string_view name, const std::string& text) {
  for (const char* yes : {"true", "1", "yes", "on"}) {
    if (equal_any_case(text, yes)) return true;
  }
  for (const char* no : {"false", "0", "no", "off"}) {
    if (equal_any_case(text, no)) return false;
  }
  return refuse(name, text, "true, false");
}

}  // namespace arraymorph::config
