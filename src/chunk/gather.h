// Gather: chunks that lie in one object, neighbours fetched by one request.
#pragma once

#include <memory>
#include <vector>

#include "chunk/state.h"

namespace arraymorph::chunk {

/// Bytes of an object that a load waits for.
struct Want {
  std::shared_ptr<Load> load;
  std::size_t part = 0;  ///< of Load::parts, when it has any; else all stored bytes of the chunk
  ByteRange range;       ///< bytes of the object
};

/// What one call has asked for and not sent yet. With the mutex held; send() releases it meanwhile.
class Gather {
 public:
  void add(Want want);
  bool empty() const { return wants_.empty(); }
  /// So many bytes that sending them is not to wait for more.
  bool enough() const;
  /// Sends everything. Ranges that touch, or nearly so, are joined into requests that are large
  /// enough for their number not to matter and small enough to come in parallel.
  void send(Lock& lock);

 private:
  std::vector<Want> wants_;
  std::uint64_t bytes_ = 0;
};

}  // namespace arraymorph::chunk
