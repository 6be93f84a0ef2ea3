#include "runtime/log.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>

namespace arraymorph {
namespace {

constexpr std::array<const char*, 4> kNames{"error", "warn", "info", "debug"};
constexpr std::size_t kMaxLine = 8000;
std::atomic<int> shown{static_cast<int>(LogLevel::warn)};

bool contains_any_case(std::string_view text, std::string_view word) noexcept {
  for (std::size_t at = 0; at + word.size() <= text.size(); ++at) {
    if (strncasecmp(text.data() + at, word.data(), word.size()) == 0) return true;
  }
  return false;
}

void append_escaped(std::string& out, unsigned char byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  switch (byte) {
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
  }
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
  const std::string name(text);
  if (strcasecmp(name.c_str(), "off") == 0) return LogLevel::off;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (strcasecmp(name.c_str(), kNames[i]) == 0) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

void set_log_level(LogLevel level) noexcept { shown.store(static_cast<int>(level)); }

bool log_enabled(LogLevel level) noexcept { return static_cast<int>(level) <= shown.load(); }

void log(LogLevel level, std::string_view message) noexcept {
  if (level == LogLevel::off || !log_enabled(level)) return;
  const char* const name = kNames[static_cast<std::size_t>(level)];
  try {
    std::string line = "arraymorph: ";
    line.append(name).append(": ").append(printable(message, kMaxLine)).append("\n");
    std::fwrite(line.data(), 1, line.size(), stderr);
  } catch (...) {
    std::fprintf(stderr, "arraymorph: %s: (out of memory)\n", name);
  }
}

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  out.reserve(std::min(text.size(), most));
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == most) {
      out += "...";
      break;
    }
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F steer terminals too; in UTF-8 they are 0xC2 and one more byte.
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) {
      append_escaped(out, next);
      ++i;
    } else if (byte < 0x20 || byte == 0x7F) {
      append_escaped(out, byte);
    } else {
      out += static_cast<char>(byte);
    }
  }
  return out;
}

std::string without_secrets(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t rest = std::min(url.find_first_of("?#", begin), url.size());
  // A password may hold a '/' that its owner forgot to encode: the last '@' ends it.
  const std::size_t at = url.substr(0, rest).rfind('@');
  std::string shown_url(url.substr(0, begin));
  const bool has_user = at != std::string_view::npos && at >= begin;
  if (has_user) shown_url += "***@";
  const std::size_t host = has_user ? at + 1 : begin;
  shown_url += url.substr(host, rest - host);
  if (rest < url.size()) shown_url += "?***";
  return shown_url;
}

bool may_be_shown(std::string_view engine_line) noexcept {
  for (const std::string_view word :
       {"authorization", "signature", "signing", "canonical", "token", "secret", "password"}) {
    if (contains_any_case(engine_line, word)) return false;
  }
  return true;
}

}  // namespace arraymorph
