// Regions: blocks of middling size, several of which share memory with pages of 2 MiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "arraymorph/buffer.h"

namespace arraymorph {

/// Memory with pages of 2 MiB where the system has them: a fault for each of the small ones costs
/// about as much as what is written there. Throws std::bad_alloc.
std::byte* allocate_huge(std::size_t bytes);
void free_huge(std::byte* memory) noexcept;

/// Blocks of one size, side by side in regions. What is free in a region that is partly used takes
/// no more memory than the region does. Not thread-safe.
class Regions {
 public:
  static constexpr std::size_t kBytes = std::size_t{4} << 20;  ///< of a region

  /// Blocks of `size` bytes, kBytes / 2 at most, 256 KiB at least.
  explicit Regions(std::size_t size) : count_(kBytes / size), size_(size) {}

  /// `unused`: of a region that was there, but no block of which was used. Throws std::bad_alloc.
  struct Taken {
    Memory::Block block;
    bool unused = false;
  };
  Taken take();

  /// True: no block of its region is used any more, so that the region may be dropped.
  bool give_back(const Memory::Block& block) noexcept;
  /// Frees the region of a block for which give_back() said so.
  void drop(const Memory::Block& block) noexcept;

 private:
  struct Region {
    std::byte* bytes = nullptr;
    std::uint32_t free = 0;  ///< a bit for each block
  };

  Region* add();
  std::uint32_t all() const { return (std::uint32_t{1} << count_) - 1; }

  const std::size_t count_;
  const std::size_t size_;
  std::size_t regions_ = 0;
  std::vector<Region*> open_;  ///< those with free blocks; has room for all
};

}  // namespace arraymorph
