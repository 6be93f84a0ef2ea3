// Start and end of everything that owns threads: ordered teardown, exit and fork.
//
// Threads and network clients do not survive fork, and must be gone before the libraries they
// use clean up at exit. Each owner enrols a Participant; shutdown and fork stop them in order,
// and the next use starts them again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "arraymorph/status.h"

namespace arraymorph {

using Deadline = std::chrono::steady_clock::time_point;

/// Order of teardown: work is finished before what it needs goes away.
enum class Stage { workers, clients, libraries };

class Participant {
 public:
  virtual ~Participant() = default;
  virtual Stage stage() const noexcept = 0;
  /// Finish what is under way and release threads; give up waiting at `deadline`. The next use
  /// starts again. Called from any thread but the participant's own.
  virtual void stop(Deadline deadline) = 0;
  /// True when no thread is running and nothing waits to run.
  virtual bool stopped() = 0;
  /// Around fork: hold the participant's lock so that the child finds it consistent.
  virtual void before_fork() = 0;
  /// Release the lock. In the child the threads are gone: forget (leak) what they held.
  virtual void after_fork(bool child) = 0;
};

/// Take part in shutdown and fork for as long as the object lives.
void enroll(const std::shared_ptr<Participant>& participant);

/// Flush open files; runs first at shutdown, never around fork. One per process, set at load.
/// `last`: give up what cannot be stored, for nobody will try again.
void set_shutdown_flush(std::function<Status(bool last)> flush);

/// Flush, then stop every participant in order, within seconds. Idempotent; whatever is used
/// afterwards starts again. `last`: the program ends. The status is that of the flush.
Status shutdown_runtime(bool last = false);

/// Run shutdown_runtime at exit, before the handlers registered so far: call again after a
/// library that registers its own has started.
void shutdown_at_exit();

/// The last flush has begun: what fails now cannot be tried again.
bool process_is_exiting() noexcept;

/// The flush of shutdown_runtime(last) is under way: a program is waiting for it to end.
bool last_flush_runs() noexcept;

/// How often this process or its ancestors forked since the library was loaded, as seen by the
/// child: state made under a smaller number was inherited and belongs to the parent.
std::uint64_t fork_generation() noexcept;

}  // namespace arraymorph
