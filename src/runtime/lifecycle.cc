#include "runtime/lifecycle.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "runtime/calls.h"
#include "runtime/log.h"

namespace arraymorph {
namespace {

constexpr std::chrono::seconds kShutdownBudget{5};
constexpr std::chrono::seconds kForkBudget{15};
// A stopped pool may be started again by the last answer of a client: a few rounds settle it.
constexpr int kRounds = 8;

struct Registry {
  std::mutex mutex;
  std::vector<std::weak_ptr<Participant>> participants;
  std::function<Status(bool)> flush;
  std::atomic<bool> exiting{false};
  std::atomic<bool> last_flush{false};
  std::mutex fork_mutex;                           // one fork or shutdown at a time
  std::vector<std::shared_ptr<Participant>> held;  // locked across a fork
  std::atomic<std::uint64_t> generation{0};
};

Registry& registry() {
  static Registry* const instance = new Registry;
  return *instance;
}

std::vector<std::shared_ptr<Participant>> living() {
  Registry& all = registry();
  std::vector<std::shared_ptr<Participant>> found;
  {
    const std::lock_guard lock(all.mutex);
    std::erase_if(all.participants, [](const auto& weak) { return weak.expired(); });
    for (const auto& weak : all.participants) {
      if (auto participant = weak.lock()) found.push_back(std::move(participant));
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a->stage() < b->stage(); });
  return found;
}

void stop_all(Deadline deadline) {
  for (int round = 0; round < kRounds; ++round) {
    const auto participants = living();
    for (const auto& participant : participants) participant->stop(deadline);
    const bool done = std::all_of(participants.begin(), participants.end(),
                                  [](const auto& participant) { return participant->stopped(); });
    if (done || std::chrono::steady_clock::now() >= deadline) return;
  }
}

void before_fork() {
  Registry& all = registry();
  all.fork_mutex.lock();
  stop_all(std::chrono::steady_clock::now() + kForkBudget);
  all.held = living();
  for (const auto& participant : all.held) participant->before_fork();
  all.mutex.lock();
}

void after_fork(bool child) {
  Registry& all = registry();
  all.mutex.unlock();
  if (child) ++all.generation;
  for (auto it = all.held.rbegin(); it != all.held.rend(); ++it) (*it)->after_fork(child);
  all.held.clear();
  all.fork_mutex.unlock();
}

void after_fork_in_parent() { after_fork(false); }
void after_fork_in_child() { after_fork(true); }

// Other threads' calls come first: nothing of theirs may be under way while files are flushed and
// clients go. What waits for a server that does not answer ends with an error when clients stop.
void finish_calls() {
  if (wait_for_calls(std::chrono::steady_clock::now() + kShutdownBudget)) return;
  const std::lock_guard lock(registry().fork_mutex);
  const auto deadline = std::chrono::steady_clock::now() + kShutdownBudget;
  stop_all(deadline);
  if (!wait_for_calls(deadline)) log(LogLevel::warn, "a thread is still busy and was left behind");
}

void at_exit() {
  registry().exiting = true;
  end_calls();
  const Status status = shutdown_runtime(/*last=*/true);
  if (!status.ok()) log(LogLevel::error, status.with_context("flush at exit").message());
}

}  // namespace

void enroll(const std::shared_ptr<Participant>& participant) {
  static const bool once = [] {
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    shutdown_at_exit();
    return true;
  }();
  static_cast<void>(once);
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.participants.push_back(participant);
}

void set_shutdown_flush(std::function<Status(bool last)> flush) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.flush = std::move(flush);
}

Status shutdown_runtime(bool last) {
  Registry& all = registry();
  std::function<Status(bool)> flush;
  {
    const std::lock_guard lock(all.mutex);
    flush = all.flush;
  }
  if (last) finish_calls();
  all.last_flush = last;
  Status status = flush ? flush(last) : Status();
  all.last_flush = false;
  const std::lock_guard lock(all.fork_mutex);
  stop_all(std::chrono::steady_clock::now() + kShutdownBudget);
  return status;
}

void shutdown_at_exit() {
  if (std::atexit(at_exit) != 0) log(LogLevel::warn, "atexit is full: close files before exit");
}

bool process_is_exiting() noexcept { return registry().exiting; }
bool last_flush_runs() noexcept { return registry().last_flush; }

std::uint64_t fork_generation() noexcept { return registry().generation.load(); }

}  // namespace arraymorph
