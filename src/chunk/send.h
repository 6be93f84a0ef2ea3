// Sending dirty chunks: encode, PUT, and making room in the cache that way.
// Every function is called with the engine's mutex held by `lock` and may release it meanwhile.
#pragma once

#include <functional>

#include "chunk/state.h"

namespace arraymorph::chunk {

/// Work that only the calling thread can do, to be done while it waits: one piece per call,
/// false when there is none. `lock` as above.
using Step = std::function<bool(Lock& lock)>;

/// Wait until `ready()`, stepping meanwhile. `step` may be null.
template <class Ready>
void wait_until(Shared& shared, Lock& lock, const Step& step, Ready ready) {
  while (!ready()) {
    if (!step || !step(lock)) {
      if (ready()) return;
      shared.changed.wait(lock);
    }
  }
}

/// Start to store a dirty entry that is not being written. Codecs that need the calling thread
/// encode before this returns. The entry may be gone afterwards.
void send(Entry& entry, Lock& lock);

/// send() after waiting until bytes in flight allow it. The entry must be dirty, not writing.
void send_within_limits(Entry& entry, Lock& lock, const Step& step);

/// How the bytes of a chunk are made on a codec thread before they are encoded there.
struct Fill {
  std::function<Status(ByteSpan chunk)> make;  ///< without the lock
  /// Once, with the mutex held, when nothing of the fill is used any more.
  std::function<void(const Status& status)> made;
};

/// send() of an entry, not being written, that gets `data` as its new content, which `fill` makes.
/// The codec must run anywhere. Where that fails the entry stays as it was.
void send_filled(Entry& entry, std::shared_ptr<Buffer> data, Fill fill, Lock& lock);

/// Start to evict dirty chunks as far as `bytes` more ask for it and the limits allow at once.
void start_evictions(Shared& shared, Lock& lock, std::uint64_t bytes);

/// Evict until the cache budget holds or only pinned chunks are left. Fails with the cause when
/// chunks that cannot be stored fill the cache.
Status make_room(Shared& shared, Lock& lock, const Step& step);

/// Wait until no chunk of the array is being written.
void wait_idle(ArrayState& array, Lock& lock);

}  // namespace arraymorph::chunk
