// Scratch: memory for what lies between two filters.
#pragma once

#include <array>
#include <cstddef>

#include "arraymorph/buffer.h"

namespace arraymorph::codec {

/// Two areas, so that a filter reads one and writes the other. Their memory is that of buffers,
/// which is kept from chunk to chunk (see Memory).
class Scratch {
 public:
  /// Area 0 or 1 with room for `size` bytes; what it held before is lost.
  ByteSpan area(std::size_t which, std::size_t size) {
    Buffer& area = areas_[which];
    if (area.size() < size) {
      area = Buffer();  // the old one goes before the new one comes
      area = Buffer(size);
    }
    return area.span().first(size);
  }

 private:
  std::array<Buffer, 2> areas_;
};

}  // namespace arraymorph::codec
