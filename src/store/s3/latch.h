// Waiting, for a limited time, for a callback that the engine makes once.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "runtime/lifecycle.h"

namespace arraymorph::store::s3 {

class Latch {
 public:
  static std::shared_ptr<Latch> make() { return std::make_shared<Latch>(); }

  /// User data for `opened`: keeps the latch alive even when nobody waits any longer.
  static void* user_data(const std::shared_ptr<Latch>& latch) {
    return new std::shared_ptr<Latch>(latch);
  }
  /// The engine's callback.
  static void opened(void* user_data) {
    const std::unique_ptr<std::shared_ptr<Latch>> latch(
        static_cast<std::shared_ptr<Latch>*>(user_data));
    const std::lock_guard lock((*latch)->mutex_);
    (*latch)->open_ = true;
    (*latch)->changed_.notify_all();
  }

  bool wait_until(Deadline deadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

}  // namespace arraymorph::store::s3
