// Loads: chunks on their way from the store.
#pragma once

#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <unordered_map>
#include <vector>

#include "chunk/gather.h"
#include "chunk/ranges.h"
#include "chunk/state.h"

namespace arraymorph::chunk {

class Loads;

/// One chunk on its way: into its entry in the cache, or for one access only.
struct Load : std::enable_shared_from_this<Load> {
  struct Part {
    ByteRange range;
    ByteSpan into;
  };

  std::shared_ptr<ArrayState> array;
  Entry* entry = nullptr;             ///< pinned by the load; null: for one access only
  const Index* index = nullptr;       ///< of the chunk; lives as long as the entry or the call
  Loads* owner = nullptr;             ///< the call that waits for it; null while fetched ahead
  std::string key;                    ///< of its object
  bool must_exist = false;            ///< without its object the chunk is lost, not the fill value
  std::vector<std::size_t> accesses;  ///< of the owner; may grow until it has arrived
  std::uint64_t charged = 0;          ///< bytes in flight
  std::vector<Part> parts;            ///< what is received into its place, without a codec
  bool ranged = false;                ///< the parts are less than the whole object
  bool in_place = false;              ///< they lie in the caller's buffer
  std::size_t coming = 0;             ///< parts not answered yet
  Buffer stored;
  KeptBytes kept;                     ///< stands for `stored` when set: others use it as well
  std::shared_ptr<const Buffer> raw;  ///< stands for `stored` when set
  std::uint32_t mask = 0;
  bool absent = false;
  bool missing = false;  ///< absent for want of an object; to be confirmed (chunk/missing.h)
  bool decoded = false;
  /// The chunk; null in place, on failure, and where it stays as it was received: see bytes().
  std::shared_ptr<Buffer> data;
  Status status;

  /// The chunk, once decoded without a failure and not in place.
  ConstByteSpan bytes() const;
};

/// The loads of one call. Owned by the calling thread's stack; wait until idle() before it goes.
class Loads {
 public:
  /// Called once per load, decoded or failed, without the lock: on any thread when
  /// `take_anywhere`, else in step(). May be null.
  using Take = std::function<void(const Load& load)>;

  Loads(Shared& shared, bool take_anywhere, Take take)
      : shared_(shared),
        take_anywhere_(take_anywhere),
        take_(std::move(take)),
        queue_(std::make_shared<Queue>()) {}

  // With the mutex held; what starts a load releases the lock meanwhile:

  /// Bring the chunk of `entry`, which holds no data, into the cache for `access`; what is on its
  /// way there already is waited for.
  void start(Entry& entry, std::size_t access, Lock& lock);
  /// Bring the whole chunk for `access` alone; into `memory` when that is not null.
  void start_alone(ArrayState& array, const Index& index, std::size_t access, std::byte* memory,
                   Lock& lock);
  /// The stored bytes of the whole chunk are in memory already: take them for `access` alone.
  void start_kept(ArrayState& array, const Index& index, std::size_t access, KeptBytes bytes,
                  Lock& lock);
  /// Bring `pieces` of the chunk for `access` alone; into `memory` when it is not null and all of
  /// them lie there in one piece.
  void start_pieces(ArrayState& array, const Index& index, std::size_t access,
                    const std::vector<Piece>& pieces, std::byte* memory, Lock& lock);

  /// The load of `entry` that has not arrived yet, or null.
  const Load* find(const Entry& entry) const;
  /// Why the load of `entry` failed, once it has arrived.
  Status failure(const Entry& entry) const;
  /// Decode or take one chunk on the calling thread; false when there is none.
  bool step(Lock& lock);
  /// Send the requests that wait for others to join them; step() does as well.
  void send(Lock& lock) { gather_.send(lock); }
  Gather& gather() { return gather_; }
  /// Wait until there may be something to do, or no more than `outstanding` loads are left.
  void wait(Lock& lock, std::size_t outstanding);
  std::size_t outstanding() const { return outstanding_; }
  bool idle() const { return outstanding_ == 0; }

  /// The bytes of `load` are here, or its failure. Any thread, without the mutex.
  static void arrived(const std::shared_ptr<Load>& load);
  /// One of the requests it waits for has ended.
  static void part_done(const std::shared_ptr<Load>& load, const Status& status);

 private:
  using Ptr = std::shared_ptr<Load>;

  /// Work for whoever is free; outlives the call for helpers that come late.
  struct Queue {
    std::deque<Ptr> loads;
    unsigned helpers = 0;
  };

  Ptr make(ArrayState& array, std::size_t access);
  static void complete(const Ptr& load, bool on_caller);
  static void install(Load& load);
  static void settle(Load& load);
  void enqueue(const Ptr& load, Lock& lock);
  void wake();
  static void help(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Queue>& queue);

  static constexpr std::size_t kAlways = std::numeric_limits<std::size_t>::max();

  Shared& shared_;
  const bool take_anywhere_;
  const Take take_;
  const std::shared_ptr<Queue> queue_;
  Gather gather_;
  std::unordered_map<const Entry*, Status> failures_;
  std::deque<Ptr> for_caller_;
  std::size_t outstanding_ = 0;
  bool caller_waits_ = false;
  std::size_t wake_at_ = kAlways;  ///< outstanding loads at which the caller wants to know
};

/// Start to bring a chunk into its entry, which holds no data and awaits none, before a call asks
/// for it. The codec runs anywhere. As above with `lock`; what goes into `gather` is to be sent.
void start_ahead(Entry& entry, Gather& gather, Lock& lock);

/// Wait until nothing is on its way to the array.
void wait_loads(ArrayState& array, Lock& lock);

}  // namespace arraymorph::chunk
