// Loads: the chunks that one call is fetching and decoding.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "chunk/state.h"

namespace arraymorph::chunk {

/// One chunk on its way into its entry.
struct Load {
  std::shared_ptr<ArrayState> array;
  Entry* entry = nullptr;             ///< pinned by the load
  std::vector<std::size_t> accesses;  ///< who waits for it; may grow until it has arrived
  std::shared_ptr<Buffer> data;       ///< decoded; null on failure
  Status status;
  Buffer stored;
  std::uint32_t mask = 0;
  bool absent = false;
  bool decoded = false;
};

/// Owned by the calling thread's stack; wait until idle() before it goes away.
class Loads {
 public:
  /// Called once per load, decoded or failed, without the lock: on any thread when
  /// `take_anywhere`, else in step(). May be null.
  using Take = std::function<void(const Load& load)>;

  Loads(Shared& shared, bool take_anywhere, Take take)
      : shared_(shared), take_anywhere_(take_anywhere), take_(std::move(take)) {}

  // With the mutex held:

  /// Fetch the chunk of `entry`, which holds no data, for `access`; releases the lock meanwhile.
  void start(Entry& entry, std::size_t access, Lock& lock);
  /// The load of `entry` that has not arrived yet, or null.
  Load* find(const Entry& entry) const;
  /// Why the load of `entry` failed, once it has arrived.
  Status failure(const Entry& entry) const;
  /// Decode or take one chunk that only the calling thread may; false when there is none.
  bool step(Lock& lock);
  bool idle() const { return outstanding_ == 0; }

 private:
  using Ptr = std::shared_ptr<Load>;

  void fetch(const Ptr& load, Lock& lock);
  void fetched(const Ptr& load, Result<GetReply> reply);
  void advance(const Ptr& load);
  void wait_for_caller(const Ptr& load);
  void arrive(const Ptr& load);

  Shared& shared_;
  const bool take_anywhere_;
  const Take take_;
  std::unordered_map<const Entry*, Ptr> coming_;
  std::unordered_map<const Entry*, Status> failures_;
  std::deque<Ptr> for_caller_;
  std::size_t outstanding_ = 0;
};

/// Decode or fill `load` on the current thread.
void decode(Load& load);

}  // namespace arraymorph::chunk
