#include "runtime/log.h"

#include <strings.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <string>

namespace arraymorph {
namespace {

constexpr std::array<const char*, 4> kNames{"error", "warn", "info", "debug"};
std::atomic<int> shown{static_cast<int>(LogLevel::warn)};

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
  const std::string name(text);
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (strcasecmp(name.c_str(), kNames[i]) == 0) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

void set_log_level(LogLevel level) noexcept { shown.store(static_cast<int>(level)); }

bool log_enabled(LogLevel level) noexcept { return static_cast<int>(level) <= shown.load(); }

void log(LogLevel level, std::string_view message) noexcept {
  if (!log_enabled(level)) return;
  std::fprintf(stderr, "arraymorph: %s: %.*s\n", kNames[static_cast<std::size_t>(level)],
               static_cast<int>(message.size()), message.data());
}

}  // namespace arraymorph
