// Scratch: memory for what lies between two filters, kept from chunk to chunk.
#pragma once

#include <array>
#include <cstddef>

#include "arraymorph/buffer.h"

namespace arraymorph::codec {

/// Two areas, so that a filter reads one and writes the other. Fresh memory costs a page fault for
/// every 4 KiB, about as much as decoding it, so areas return to a pool that keeps up to 64 MiB.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// Area 0 or 1 with room for `size` bytes; what it held before is lost.
  ByteSpan area(std::size_t which, std::size_t size);

 private:
  std::array<Buffer, 2> areas_;
};

}  // namespace arraymorph::codec
