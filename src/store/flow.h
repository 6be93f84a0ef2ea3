// Flow: how much of a transfer is under way, and how it ended.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>

#include "runtime/thread_pool.h"
#include "store/move.h"

namespace arraymorph::store {

/// Shared by the thread that begins work and the callbacks that end it. Hashing is done by workers:
/// callbacks come from the few threads that drive the network.
class Flow {
 public:
  Flow(const TransferLimits& limits, Transfer& transfer, unsigned workers)
      : limits_(limits), transfer_(transfer), workers_(workers) {}

  /// Waits for room; false when nothing more is to be begun.
  bool begin(std::uint64_t bytes, std::size_t requests = 1) {
    std::unique_lock lock(mutex_);
    // What is the only one of its kind always has room: a part may be larger than the bound.
    const auto room = [](auto used, auto more, auto most) {
      return more == 0 || used == 0 || used + more <= most;
    };
    changed_.wait(lock, [&] {
      return stopped() || (room(bytes_, bytes, limits_.bytes) &&
                           room(requests_, requests, limits_.requests));
    });
    if (stopped()) return false;
    bytes_ += bytes;
    requests_ += requests;
    ++under_way_;
    return true;
  }

  /// The end of what begin() was told.
  void end(std::uint64_t bytes, std::size_t requests = 1) {
    const std::lock_guard lock(mutex_);
    bytes_ -= bytes;
    requests_ -= requests;
    --under_way_;
    changed_.notify_all();
  }

  void fail(const Status& status) {
    const std::lock_guard lock(mutex_);
    if (first_.ok()) first_ = status;
    changed_.notify_all();
  }

  void done(std::uint64_t bytes, std::uint64_t items) {
    transfer_.bytes += bytes;
    transfer_.items += items;
  }

  template <class Task>
  void work(Task task) {
    workers_.submit(std::move(task));
  }

  /// The outcome, after all that was begun has ended.
  Status wait() {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return under_way_ == 0; });
    }
    workers_.stop();
    if (first_.ok() && transfer_.cancelled) return {Code::unavailable, "cancelled"};
    return first_;
  }

 private:
  bool stopped() const { return !first_.ok() || transfer_.cancelled; }

  const TransferLimits limits_;
  Transfer& transfer_;
  ThreadPool workers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t bytes_ = 0;
  std::size_t requests_ = 0;
  std::size_t under_way_ = 0;
  Status first_;
};

/// Refuses an answer that is not `length` bytes of the object that was meant.
Status check_source(const Source& source, const std::string& key, const Result<GetReply>& reply,
                    std::uint64_t length);

/// For Flow: one worker for each core.
unsigned transfer_workers();

}  // namespace arraymorph::store
