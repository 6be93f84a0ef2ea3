// A record of every request and read in a file, one JSON object a line: ARRAYMORPH_TRACE=file.
//
// The first line of a process is {"process": pid, "started": seconds since 1970}; the times of its
// other lines count from there, also those of children that it forked. Lines are added to what the
// file holds; several processes may write to one file.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "arraymorph/status.h"

namespace arraymorph::trace {

namespace detail {
extern std::atomic<bool> enabled;
}

/// Write to `path` from now on; empty: to nowhere. Nothing happens when it is the same as before.
/// Errors: invalid_argument (the file cannot be opened).
Status write_to(const std::string& path);

/// Ask before building a line.
inline bool on() noexcept { return detail::enabled.load(std::memory_order_relaxed); }

/// Microseconds since the process's clock of traces started.
std::uint64_t now() noexcept;

/// One line under way. Keys are given without quotes and need no escapes.
class Line {
 public:
  explicit Line(std::string_view verb);
  Line& text(std::string_view key, std::string_view value);
  Line& number(std::string_view key, std::uint64_t value);
  /// Any JSON.
  Line& raw(std::string_view key, std::string_view json);
  /// With `start`, as now() gave it, and the present as "end", in seconds; then to the file's
  /// buffer. Thread-safe. A file that cannot be written ends the trace, with one warning.
  void write(std::uint64_t start);

 private:
  Line& key(std::string_view key);
  std::string line_;
};

/// What is buffered goes to the file (otherwise every second, when much is there, before a fork and
/// at exit; at once in a forked child).
void flush() noexcept;

}  // namespace arraymorph::trace
