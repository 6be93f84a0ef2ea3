#include "codec/scratch.h"

#include <mutex>
#include <utility>
#include <vector>

namespace arraymorph::codec {
namespace {

constexpr std::size_t kKeptBytes = 64u << 20;

struct Kept {
  std::mutex mutex;
  std::vector<std::array<Buffer, 2>> areas;
  std::size_t bytes = 0;
};

// Never destroyed: HDF5 still closes files after static objects would be gone.
Kept& kept() {
  static auto* all = new Kept;
  return *all;
}

std::size_t bytes_of(const std::array<Buffer, 2>& areas) {
  return areas[0].size() + areas[1].size();
}

}  // namespace

Scratch::Scratch() {
  Kept& all = kept();
  const std::lock_guard lock(all.mutex);
  if (all.areas.empty()) return;
  areas_ = std::move(all.areas.back());
  all.areas.pop_back();
  all.bytes -= bytes_of(areas_);
}

Scratch::~Scratch() {
  const std::size_t bytes = bytes_of(areas_);
  if (bytes == 0) return;
  Kept& all = kept();
  const std::lock_guard lock(all.mutex);
  if (all.bytes + bytes > kKeptBytes) return;
  all.areas.push_back(std::move(areas_));
  all.bytes += bytes;
}

ByteSpan Scratch::area(std::size_t which, std::size_t size) {
  Buffer& area = areas_[which];
  if (area.size() < size) {
    area = Buffer();  // the old one goes before the new one comes
    area = Buffer(size);
  }
  return area.span().first(size);
}

}  // namespace arraymorph::codec
