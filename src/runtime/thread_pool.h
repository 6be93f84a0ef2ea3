// ThreadPool: a number of worker threads, started when there is work.
#pragma once

#include <functional>
#include <memory>

namespace arraymorph {

/// Tasks start in the order of submission and must not throw. Thread-safe. Survives fork: the
/// pool is drained and its threads end before, and start again on both sides with the next task.
class ThreadPool {
 public:
  explicit ThreadPool(unsigned threads);  ///< at least one
  ~ThreadPool();                          ///< stop()
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void submit(std::function<void()> task);
  /// Run everything submitted so far and join the threads; a later submit starts them again.
  void stop();
  /// How many threads there are at most, from now on; those that are too many end with
  /// what they are doing.
  void resize(unsigned threads);
  unsigned size() const noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace arraymorph
