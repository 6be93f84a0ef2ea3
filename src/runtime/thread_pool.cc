#include "runtime/thread_pool.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/config/limits.h"
#include "runtime/lifecycle.h"
#include "runtime/log.h"

namespace arraymorph {
namespace {

// What the threads share; left behind as a whole in a forked child.
struct Crew {
  std::mutex mutex;
  std::condition_variable work;     // a task came, or stopping
  std::condition_variable changed;  // a worker ended
  std::deque<std::function<void()>> tasks;
  std::vector<std::thread> threads;   // running
  std::vector<std::thread> finished;  // to be joined
  unsigned running = 0;               // size of threads, counted from before they start
  unsigned waiting = 0;               // threads without a task
  unsigned size = 1;                  // threads there may be
  bool stopping = false;              // threads end when they run out of tasks
  bool detached = false;              // a thread stopped its own pool, and ends by itself
};

bool is_self(const std::thread& thread) { return thread.get_id() == std::this_thread::get_id(); }

auto find_self(Crew& crew) {
  return std::find_if(crew.threads.begin(), crew.threads.end(), is_self);
}

std::string too_few(unsigned running, unsigned wanted, const std::system_error& refused) {
  return "only " + std::to_string(running) + " of " + std::to_string(wanted) +
         " threads were started, what they do takes longer: " + refused.what() +
         " (raise `ulimit -u`, or set ARRAYMORPH_CODEC_THREADS)";
}

void end_one(Crew& crew) {
  if (--crew.running == 0) crew.stopping = false;
  crew.changed.notify_all();
}

// Releases the lock around the task.
void run_one(std::unique_lock<std::mutex>& lock, Crew& crew) {
  std::function<void()> task = std::move(crew.tasks.front());
  crew.tasks.pop_front();
  lock.unlock();
  task();
  task = nullptr;  // captured state goes before the lock is taken
  lock.lock();
}

void run_worker(const std::shared_ptr<Crew>& crew) {
  std::unique_lock lock(crew->mutex);
  for (;;) {
    ++crew->waiting;
    crew->work.wait(
        lock, [&] { return crew->stopping || !crew->tasks.empty() || crew->running > crew->size; });
    --crew->waiting;
    if (crew->tasks.empty() || crew->running > crew->size) break;
    run_one(lock, *crew);
    if (crew->detached && find_self(*crew) == crew->threads.end()) return;
  }
  const auto self = find_self(*crew);
  crew->finished.push_back(std::move(*self));
  crew->threads.erase(self);
  end_one(*crew);
}

}  // namespace

struct ThreadPool::State final : Participant {
  explicit State(unsigned threads) { crew->size = std::max(1u, threads); }

  Stage stage() const noexcept override { return Stage::workers; }

  void stop(Deadline deadline) override {
    std::vector<std::thread> finished;
    {
      std::unique_lock lock(crew->mutex);
      // The last owner of a pool may be one of its own tasks: that thread cannot wait for itself.
      if (const auto self = find_self(*crew); self != crew->threads.end()) {
        self->detach();
        crew->threads.erase(self);
        crew->detached = true;
        end_one(*crew);
      }
      const auto ended = [&] {
        if (crew->running == 0) return true;
        crew->stopping = true;
        crew->work.notify_all();
        return false;
      };
      if (!wait_changed(lock, deadline, ended)) {
        log(LogLevel::warn, "worker threads are still busy and were left running");
      }
      finished = std::move(crew->finished);
      crew->finished.clear();
      while (crew->running == 0 && !crew->tasks.empty()) run_one(lock, *crew);
    }
    for (std::thread& thread : finished) thread.join();
  }

  bool stopped() override {
    const std::lock_guard lock(crew->mutex);
    return crew->running == 0 && crew->tasks.empty();
  }

  void before_fork() override { crew->mutex.lock(); }

  void after_fork(bool child) override {
    crew->mutex.unlock();
    // Tasks that could not be finished before the fork belong to the parent.
    if (child && crew->running > 0) {
      new std::shared_ptr<Crew>(crew);
      const unsigned size = crew->size;
      crew = std::make_shared<Crew>();
      crew->size = size;
    }
  }

  template <class Predicate>
  bool wait_changed(std::unique_lock<std::mutex>& lock, Deadline deadline, Predicate ended) {
    if (deadline != Deadline::max()) return crew->changed.wait_until(lock, deadline, ended);
    crew->changed.wait(lock, ended);
    return true;
  }

  std::shared_ptr<Crew> crew = std::make_shared<Crew>();  // replaced only in a forked child
};

ThreadPool::ThreadPool(unsigned threads) : state_(std::make_shared<State>(threads)) {
  enroll(state_);
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::submit(std::function<void()> task) {
  const std::shared_ptr<Crew> crew = state_->crew;
  std::unique_lock lock(crew->mutex);
  crew->tasks.push_back(std::move(task));
  if (crew->waiting < crew->tasks.size() && crew->running < crew->size) {
    try {
      crew->threads.emplace_back(run_worker, crew);
      ++crew->running;
    } catch (const std::system_error& refused) {  // no more threads to be had
      config::warn_about_limits(too_few(crew->running, crew->size, refused));
      while (crew->running == 0 && !crew->tasks.empty()) run_one(lock, *crew);
      return;
    }
  }
  crew->work.notify_one();
}

void ThreadPool::stop() { state_->stop(Deadline::max()); }

void ThreadPool::resize(unsigned threads) {
  const std::shared_ptr<Crew> crew = state_->crew;
  const std::lock_guard lock(crew->mutex);
  crew->size = std::max(1u, threads);
  crew->work.notify_all();
}

unsigned ThreadPool::size() const noexcept {
  const std::lock_guard lock(state_->crew->mutex);
  return state_->crew->size;
}

}  // namespace arraymorph
