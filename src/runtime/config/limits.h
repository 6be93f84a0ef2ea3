// What the system lets this process have.
#pragma once

#include <cstdint>
#include <string>

#include "arraymorph/status.h"
#include "runtime/config.h"

namespace arraymorph::config {

/// How much more there may be of something.
struct Room {
  std::uint64_t left = UINT64_MAX;
  std::string limit;  ///< "ulimit -n 64"
  std::string raise;  ///< what to do: "ulimit -n 4096"
};

struct Limits {
  Room files;
  Room threads;  ///< limits of the user (not root's) and of the control group
};

/// Found anew when a limit was changed; otherwise what was left when it was first asked.
Limits limits_now();

/// Memory of the machine, or what the control group lets the process have of it. Found once.
std::uint64_t memory_bytes();

/// One warning in the life of the process; what comes later is for the level info.
void warn_about_limits(const std::string& text);

/// The S3 engine aborts the program where it cannot have a thread: to be asked before it starts.
/// unavailable: there are too few for so many event loops.
Status enough_threads(std::uint32_t event_loops);

/// Descriptors of the S3 engine: a loop polls three, and each client runs two more groups of as
/// many loops; the others are the first connections.
inline constexpr std::uint64_t kFilesPerLoop = 9;
inline constexpr std::uint64_t kOtherFiles = 4;

struct Lowered {
  std::string text;      ///< empty: nothing was too much
  bool matters = false;  ///< to be told: more was asked for, or little is left
};
Lowered lower(Config& config, const Limits& limits, bool network);

}  // namespace arraymorph::config
