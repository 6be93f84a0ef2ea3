// Calls: threads of the program that are inside ours, and what becomes of them when it ends.
#pragma once

#include <chrono>

namespace arraymorph {

/// A call of HDF5 into ours, from its first line to its last. Calls nest.
class Call {
 public:
  /// `stays`: when another thread has begun to end the process, this one never returns: what it
  /// would go on with, a library without a lock, is being taken apart.
  explicit Call(bool stays) noexcept;
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  bool stays_;
};

/// From now on calls of other threads than this one stay, or get an error (may_call).
void end_calls() noexcept;

/// False for other threads once end_calls() has been called.
bool may_call() noexcept;

/// Waits until no other thread is inside ours; false when some still are at `deadline`.
bool wait_for_calls(std::chrono::steady_clock::time_point deadline) noexcept;

}  // namespace arraymorph
