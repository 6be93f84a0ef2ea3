#include "runtime/regions.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <new>

namespace arraymorph {
namespace {

constexpr std::align_val_t kHugePage{2 << 20};

}  // namespace

std::byte* allocate_huge(std::size_t bytes) {
  auto* const memory = static_cast<std::byte*>(::operator new[](bytes, kHugePage));
#ifdef MADV_HUGEPAGE
  ::madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

void free_huge(std::byte* memory) noexcept { ::operator delete[](memory, kHugePage); }

Regions::Region* Regions::add() {
  // So that giving back needs no memory; not one more each time, which would copy all of them.
  if (open_.capacity() == regions_) open_.reserve(2 * regions_ + 1);
  auto region = std::make_unique<Region>();
  region->bytes = allocate_huge(kBytes);
  region->free = all();
  ++regions_;
  open_.push_back(region.get());
  return region.release();
}

Regions::Taken Regions::take() {
  const bool fresh = open_.empty();
  Region* const region = fresh ? add() : open_.back();
  const bool unused = !fresh && region->free == all();
  const int number = std::countr_zero(region->free);
  region->free &= region->free - 1;
  if (region->free == 0) open_.pop_back();
  return {{region->bytes + static_cast<std::size_t>(number) * size_, region}, unused};
}

bool Regions::give_back(const Memory::Block& block) noexcept {
  auto* const region = static_cast<Region*>(block.region);
  const auto number = static_cast<std::size_t>(block.bytes - region->bytes) / size_;
  if (region->free == 0) open_.push_back(region);
  region->free |= std::uint32_t{1} << number;
  return region->free == all();
}

void Regions::drop(const Memory::Block& block) noexcept {
  auto* const region = static_cast<Region*>(block.region);
  open_.erase(std::find(open_.begin(), open_.end(), region));
  free_huge(region->bytes);
  delete region;
  --regions_;
}

}  // namespace arraymorph
