#include "runtime/config/limits.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "runtime/config/presets.h"
#include "runtime/log.h"

namespace arraymorph::config {
namespace {

// Of what is left, the program itself keeps as much as we take.
constexpr std::uint64_t kShare = 2;
constexpr std::uint64_t kThreadsPerLoop = 3;  // one in each of the groups; see kFilesPerLoop
constexpr std::uint64_t kOtherThreads = 4;    // resolver, credentials, clean-up of the groups
constexpr std::uint64_t kFewThreads = 1024;   // fewer are tried out before the engine starts
constexpr std::uint64_t kLoopsShare = 2;      // of what we take, for event loops at most
// Numbers that nobody has asked for may be lowered without a word, but not below these.
constexpr std::uint32_t kFewConnections = 32;
constexpr std::uint32_t kFewWorkers = 4;
// Whoever may have so many is not counted: looking at all processes takes time.
constexpr std::uint64_t kAmple = 8192;
constexpr std::uint64_t kUnknownFiles = 32;  // open where the system does not tell

template <class Visit>
bool for_entries(const char* directory, Visit visit) {
  DIR* const opened = ::opendir(directory);
  if (opened == nullptr) return false;
  while (const dirent* entry = ::readdir(opened)) {
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') visit(entry->d_name);
  }
  ::closedir(opened);
  return true;
}

std::uint64_t open_files() {
  std::uint64_t count = 0;
  const auto add = [&](const char*) { ++count; };
  return for_entries("/proc/self/fd", add) || for_entries("/dev/fd", add) ? count : kUnknownFiles;
}

// Threads of this user, as far as /proc shows them.
std::uint64_t threads_of_user() {
  const std::string user = std::to_string(::getuid());
  std::uint64_t count = 0;
  for_entries("/proc", [&](const char* process) {
    std::ifstream status("/proc/" + std::string(process) + "/status");
    std::string word;
    std::string owner;
    std::uint64_t threads = 0;
    while (status >> word) {
      if (word == "Uid:") status >> owner;
      if (word == "Threads:") {
        status >> threads;
        break;
      }
    }
    if (owner == user) count += threads;
  });
  return count;
}

std::uint64_t minus(std::uint64_t limit, std::uint64_t used) {
  return limit > used ? limit - used : 0;
}

std::optional<std::uint64_t> number_in(const std::string& file) {
  std::ifstream in(file);
  std::uint64_t number = 0;
  if (in >> number) return number;
  return std::nullopt;  // also "max"
}

// Directories of the control groups that this process is in, from the innermost outwards: a
// group's limit holds for the groups below it as well. `controller` has a tree of its own in
// version 1; in version 2 all share one.
template <class Visit>
void for_control_groups(const std::string& controller, Visit visit) {
  std::ifstream groups("/proc/self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    std::string path = line.substr(second + 1);
    if (!path.starts_with('/') || (!controllers.empty() && controllers != controller)) continue;
    const std::string root = "/sys/fs/cgroup" + (controllers.empty() ? "" : "/" + controller);
    for (;; path.erase(path.rfind('/'))) {
      visit(root + path + (path.ends_with('/') ? "" : "/"));
      if (path.empty() || path == "/") break;
    }
  }
}

void look_at_control_group(Room& room) {
  for_control_groups("pids", [&](const std::string& group) {
    const auto most = number_in(group + "pids.max");
    if (!most) return;
    const std::uint64_t left = minus(*most, number_in(group + "pids.current").value_or(0));
    if (left < room.left) {
      room = {left, "pids.max " + std::to_string(*most) + " of the control group",
              "ask for more processes (docker run --pids-limit)"};
    }
  });
}

rlim_t soft_limit(decltype(RLIMIT_NOFILE) resource) {
  rlimit limit{};
  return ::getrlimit(resource, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

Limits find_limits(rlim_t files, rlim_t threads) {
  Limits found;
  if (files != RLIM_INFINITY) {
    found.files = {minus(files, open_files()), "ulimit -n " + std::to_string(files),
                   "`ulimit -n 4096` before the program"};
  }
  // The kernel holds root to no number of processes.
  if (threads != RLIM_INFINITY && ::getuid() != 0) {
    const std::uint64_t used = threads < kAmple ? threads_of_user() : 0;
    found.threads = {minus(threads, used), "ulimit -u " + std::to_string(threads),
                     "`ulimit -u 4096` before the program"};
  }
  look_at_control_group(found.threads);
  return found;
}

class Lowering {
 public:
  explicit Lowering(const Room& room) : room_(room), ours_(room.left / kShare) {}

  std::uint64_t ours() const { return ours_; }
  /// Somebody has asked for more, or it is very little.
  bool matters() const { return matters_; }
  std::string reason(const char* what) const {
    return std::to_string(room_.left) + " more " + what + " (" + room_.limit +
           "; raise it: " + room_.raise + ")";
  }

  /// Makes `number` no more than `most`, but at least one.
  void cap(std::uint32_t& number, std::string& source, std::uint64_t most, std::uint32_t few) {
    const auto lowered = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(number, std::max<std::uint64_t>(most, 1)));
    if (lowered == number) return;
    number = lowered;
    lowered_ = true;
    matters_ = matters_ || !source.starts_with(kAutomatic) || number < few;
    if (source.find(", lowered for ") == std::string::npos) {
      source += ", lowered for " + room_.limit;
    }
  }
  bool lowered() const { return lowered_; }

 private:
  const Room& room_;
  const std::uint64_t ours_;
  bool lowered_ = false;
  bool matters_ = false;
};

std::string counted(std::uint32_t number, const char* what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

std::string counted(const Config& config, bool network) {
  std::string threads = counted(config.codec_threads, "codec thread");
  if (!network) return threads;
  return counted(config.connections, "connection") + ", " +
         counted(config.event_loops, "event loop") + " and " + threads;
}

// Whether so many more threads can run at once; they are gone when it returns.
bool threads_start(std::uint64_t count) {
  std::vector<std::thread> started;
  std::mutex hold;
  bool all = true;
  {
    const std::lock_guard lock(hold);
    try {
      started.reserve(count);
      while (started.size() < count) {
        started.emplace_back([&hold] { const std::lock_guard wait(hold); });
      }
    } catch (const std::system_error&) {
      all = false;
    }
  }
  for (std::thread& thread : started) thread.join();
  return all;
}

}  // namespace

Status enough_threads(std::uint32_t event_loops) {
  const Room threads = limits_now().threads;
  const std::uint64_t needed = kThreadsPerLoop * event_loops + kOtherThreads;
  if (threads.left > kFewThreads || threads_start(needed)) return Status();
  return Status(Code::unavailable,
                "S3 needs " + std::to_string(needed) +
                    " threads, and the system does not let this "
                    "process have so many more (" +
                    threads.limit + "): raise it (" + threads.raise + ")" +
                    (event_loops > 1 ? ", or set ARRAYMORPH_EVENT_LOOPS=1" : ""));
}

std::uint64_t memory_bytes() {
  static const std::uint64_t bytes = [] {
    const auto pages = static_cast<std::uint64_t>(std::max(::sysconf(_SC_PHYS_PAGES), 0L));
    const auto page = static_cast<std::uint64_t>(std::max(::sysconf(_SC_PAGESIZE), 0L));
    std::uint64_t least = pages * page;
    for_control_groups("memory", [&](const std::string& group) {
      for (const char* const file : {"memory.max", "memory.high", "memory.limit_in_bytes"}) {
        least = std::min(least, number_in(group + file).value_or(least));
      }
    });
    return least;
  }();
  return bytes;
}

Limits limits_now() {
  static auto* const mutex = new std::mutex;
  static std::optional<Limits> found;
  static std::array<rlim_t, 2> found_with{};
  const std::array<rlim_t, 2> now{soft_limit(RLIMIT_NOFILE), soft_limit(RLIMIT_NPROC)};
  const std::lock_guard lock(*mutex);
  if (!found || found_with != now) {
    found = find_limits(now[0], now[1]);
    found_with = now;
  }
  return *found;
}

Lowered lower(Config& config, const Limits& limits, bool network) {
  const std::string wanted = counted(config, network);
  SpeedSources& sources = config.speed_sources;
  Lowering files(limits.files);
  Lowering threads(limits.threads);
  std::uint64_t engine = kOtherThreads;
  if (network) {
    const auto cap_loops = [&](Lowering& lowering, std::uint64_t each) {
      lowering.cap(config.event_loops, sources.event_loops, lowering.ours() / kLoopsShare / each,
                   1);
    };
    cap_loops(files, kFilesPerLoop);
    cap_loops(threads, kThreadsPerLoop);
    files.cap(config.connections, sources.connections,
              minus(files.ours(), kFilesPerLoop * config.event_loops + kOtherFiles),
              kFewConnections);
    engine += kThreadsPerLoop * config.event_loops;
  }
  threads.cap(config.codec_threads, sources.codec_threads, minus(threads.ours(), engine),
              kFewWorkers);
  if (!files.lowered() && !threads.lowered()) return {};
  std::string reason;
  if (files.lowered()) reason = files.reason("open files");
  if (threads.lowered()) reason += (reason.empty() ? "" : ", and ") + threads.reason("threads");
  return {wanted + " are too many: this process may have " + reason + "; used are " +
              counted(config, network),
          files.matters() || threads.matters()};
}

}  // namespace arraymorph::config

namespace arraymorph {

void config::warn_about_limits(const std::string& text) {
  static std::atomic<bool> warned{false};
  log(warned.exchange(true) ? LogLevel::info : LogLevel::warn, text);
}

void keep_within_limits(Config& config, bool network) {
  const config::Lowered lowered = config::lower(config, config::limits_now(), network);
  if (lowered.matters) {
    config::warn_about_limits(lowered.text);
  } else if (!lowered.text.empty()) {
    log(LogLevel::info, lowered.text);
  }
}

}  // namespace arraymorph
