#include "runtime/calls.h"

#include <pthread.h>

#include <atomic>
#include <thread>

namespace arraymorph {
namespace {

constexpr std::chrono::milliseconds kPause{1};

std::atomic<int> inside{0};  // threads with a call under way
std::atomic<bool> ended{false};
std::thread::id ender;  // written before `ended`
thread_local int depth = 0;

// A forked child has no other threads.
[[maybe_unused]] const int registered =
    pthread_atfork(nullptr, nullptr, [] { inside = depth > 0 ? 1 : 0; });

bool is_ending_elsewhere() { return ended.load() && ender != std::this_thread::get_id(); }

[[noreturn]] void stay() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

}  // namespace

Call::Call(bool stays) noexcept : stays_(stays) {
  if (depth > 0) {
    ++depth;
    return;
  }
  ++inside;
  if (stays_ && is_ending_elsewhere()) {
    --inside;
    stay();
  }
  ++depth;
}

Call::~Call() {
  if (--depth > 0) return;
  --inside;
  if (stays_ && is_ending_elsewhere()) stay();
}

void end_calls() noexcept {
  ender = std::this_thread::get_id();
  ended = true;
}

bool may_call() noexcept { return !is_ending_elsewhere(); }

bool wait_for_calls(std::chrono::steady_clock::time_point deadline) noexcept {
  const int own = depth > 0 ? 1 : 0;
  while (inside.load() > own) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

}  // namespace arraymorph
