// Messages to stderr; ARRAYMORPH_LOG=error|warn|info|debug says which (default warn).
#pragma once

#include <optional>
#include <string_view>

namespace arraymorph {

enum class LogLevel { error, warn, info, debug };

/// Nothing when `text` is not one of the four names (any case).
std::optional<LogLevel> parse_log_level(std::string_view text);

void set_log_level(LogLevel level) noexcept;
/// True when messages of `level` are shown: ask before building an expensive one.
bool log_enabled(LogLevel level) noexcept;
/// One line, "arraymorph: <level>: <message>"; dropped when `level` is not shown. Thread-safe.
void log(LogLevel level, std::string_view message) noexcept;

}  // namespace arraymorph
