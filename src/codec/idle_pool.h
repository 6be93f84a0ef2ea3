// IdlePool: objects that are costly to make, kept between uses.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace arraymorph::codec {

/// Any thread takes and gives back. Make pools with `new` and never destroy them: HDF5 still closes
/// files after static objects would be gone, and thread-local ones of the main thread are gone
/// then.
template <class T, auto kFree>
class IdlePool {
 public:
  /// What gives an object back.
  struct Return {
    IdlePool* pool = nullptr;
    void operator()(T* object) const { pool->give_back(object); }
  };
  using Lease = std::unique_ptr<T, Return>;

  /// An idle object, else what `make` returns, which may be null.
  template <class Make>
  Lease take(Make make) {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        T* object = idle_.back();  // the one used last: its memory is in the processor's cache
        idle_.pop_back();
        return Lease(object, {this});
      }
    }
    return Lease(make(), {this});
  }

 private:
  void give_back(T* object) {
    {
      const std::lock_guard lock(mutex_);
      if (idle_.size() < kKept) {
        idle_.push_back(object);
        return;
      }
    }
    kFree(object);
  }

  static constexpr std::size_t kKept = 32;
  std::mutex mutex_;
  std::vector<T*> idle_;
};

}  // namespace arraymorph::codec
