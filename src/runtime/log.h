// Messages to stderr; ARRAYMORPH_LOG=error|warn|info|debug|off says which (default warn).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace arraymorph {

/// error: what would be lost, as when a file cannot be stored at exit. warn: what goes on, but not
/// as asked for. info: files opened, created and committed; retries; credentials. debug: every
/// request. `off` is for set_log_level only.
enum class LogLevel { off = -1, error, warn, info, debug };

/// Nothing when `text` is not one of the five names (any case).
std::optional<LogLevel> parse_log_level(std::string_view text);

void set_log_level(LogLevel level) noexcept;
/// True when messages of `level` are shown: ask before building an expensive one.
bool log_enabled(LogLevel level) noexcept;
/// One line, "arraymorph: <level>: <message>", in one write; dropped when `level` is not shown.
/// Control characters in the message are escaped. Thread-safe.
void log(LogLevel level, std::string_view message) noexcept;

/// `text`, which may come from a server, as one line that a terminal shows and does not obey:
/// control characters as \n, \t, \x1b; what is longer than `most` bytes is cut off ("...").
std::string printable(std::string_view text, std::size_t most = 1000);

/// `url` without what may be secret in one: user and password, query and fragment.
std::string without_secrets(std::string_view url);

/// False for a line of the S3 engine's own log that may hold a secret: signatures, tokens, what a
/// credentials service has answered.
bool may_be_shown(std::string_view engine_line) noexcept;

}  // namespace arraymorph
