// Records: what must be known of stored chunks besides their objects. The catalog keeps them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "chunk/grid.h"

namespace arraymorph::chunk {

struct Records {
  /// Chunks that were stored with filters skipped (all others: 0).
  std::map<Index, std::uint32_t> filter_masks;
  /// Chunks whose object lies under the key of a version (chunk_key with that tag). It exists: a
  /// missing one is lost data, not the fill value.
  std::map<Index, std::string> versions;
  /// Chunks that are the fill value although an object may lie under their key.
  std::set<Index> absent;
  /// The extent was once smaller than it had been: objects outside it may belong to readers of an
  /// earlier commit.
  bool shrunk = false;
  /// Names the last commit that gave up objects of the one before; "": none has. To readers of an
  /// earlier commit a missing chunk is then no fill value.
  std::string removed;

  bool operator==(const Records&) const = default;
};

}  // namespace arraymorph::chunk
