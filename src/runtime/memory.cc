// Free lists of large blocks by size class.
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <mutex>
#include <new>
#include <vector>

#include "arraymorph/buffer.h"
#include "runtime/regions.h"

namespace arraymorph {
namespace {

constexpr std::size_t kSmallest = 64 << 10;  // below, malloc keeps its pages itself
constexpr std::size_t kLargest = 64 << 20;
constexpr std::size_t kMostIdle = 64 << 20;
constexpr std::size_t kHuge = 2 << 20;              // above, a block has large pages to itself
constexpr std::size_t kSmallestShared = 512 << 10;  // up to kHuge, blocks share them
constexpr std::size_t kSteps = 4;                   // size classes per power of two
constexpr std::size_t kClasses = kSteps * std::bit_width(kLargest / kSmallest);

#ifdef __has_feature  // clang
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
constexpr bool kKeeps = false;  // so that a use after the end is seen
#else
constexpr bool kKeeps = true;
#endif

struct SizeClass {
  std::size_t number = 0;
  std::size_t bytes = 0;  ///< every block of the class has so many
};

bool is_kept(std::size_t size) { return kKeeps && size >= kSmallest && size <= kLargest; }

SizeClass class_of(std::size_t size) {
  const std::size_t octave = std::bit_floor(size);
  const std::size_t step = std::max(octave / kSteps, std::size_t{1});
  const std::size_t steps = (size - octave + step - 1) / step;  // 0 to kSteps
  const auto power = static_cast<std::size_t>(std::bit_width(octave / kSmallest) - 1);
  return {power * kSteps + steps, octave + steps * step};
}

bool is_shared(const SizeClass& its) { return its.bytes >= kSmallestShared && its.bytes <= kHuge; }

// A block that came back while somebody else had the lock, at its own beginning.
struct Returned {
  Returned* next = nullptr;
  Memory::Block block;
  std::size_t size = 0;
};

class Idle {
 public:
  Idle() {
    for (std::size_t bytes = kSmallestShared; bytes <= kHuge; bytes = class_of(bytes + 1).bytes) {
      shared_.emplace_back(bytes);
    }
  }

  std::mutex mutex;
  std::atomic<Returned*> returned = nullptr;

  /// Empty: there is none.
  Memory::Block take(const SizeClass& wanted) {
    if (is_shared(wanted)) {
      const Regions::Taken taken = regions(wanted).take();
      if (taken.unused) bytes_ -= Regions::kBytes;
      return taken.block;
    }
    std::vector<std::byte*>& blocks = blocks_[wanted.number];
    if (blocks.empty()) return {};
    std::byte* const block = blocks.back();
    blocks.pop_back();
    bytes_ -= wanted.bytes;
    return {block};
  }

  /// False: the block is the caller's to release.
  bool keep(const Memory::Block& block, const SizeClass& its) noexcept {
    if (block.region != nullptr) {
      if (regions(its).give_back(block)) kept_or_dropped(block, its);
      return true;
    }
    // Nobody looks for a shared size among those that stand alone.
    if (is_shared(its) || bytes_ + its.bytes > kMostIdle) return false;
    try {
      blocks_[its.number].push_back(block.bytes);
    } catch (const std::bad_alloc&) {
      return false;
    }
    bytes_ += its.bytes;
    return true;
  }

 private:
  Regions& regions(const SizeClass& its) {
    return shared_[its.number - class_of(kSmallestShared).number];
  }

  void kept_or_dropped(const Memory::Block& block, const SizeClass& its) noexcept {
    if (bytes_ + Regions::kBytes > kMostIdle) {
      regions(its).drop(block);
    } else {
      bytes_ += Regions::kBytes;
    }
  }

  std::size_t bytes_ = 0;
  std::array<std::vector<std::byte*>, kClasses + 1> blocks_;
  std::vector<Regions> shared_;  // from kSmallestShared on
};

// Never destroyed: buffers may outlive every static object.
Idle& idle() {
  static Idle* const instance = new Idle;
  return *instance;
}

std::byte* allocate(std::size_t bytes) {
  return bytes > kHuge ? allocate_huge(bytes) : new std::byte[bytes];
}

void release(std::byte* block, std::size_t bytes) noexcept {
  if (bytes > kHuge) {
    free_huge(block);
  } else {
    delete[] block;
  }
}

// With the lock: what others could not give back.
void collect() noexcept {
  Returned* next = idle().returned.exchange(nullptr, std::memory_order_acquire);
  while (next != nullptr) {
    const Returned each = *next;
    next = each.next;
    idle().keep(each.block, class_of(each.size));
  }
}

void put_aside(const Memory::Block& block, std::size_t size) noexcept {
  auto* const mine = ::new (block.bytes) Returned{nullptr, block, size};
  mine->next = idle().returned.load(std::memory_order_relaxed);
  while (!idle().returned.compare_exchange_weak(mine->next, mine, std::memory_order_release,
                                                std::memory_order_relaxed)) {
  }
}

}  // namespace

// Neither waits for the lock: who does not get it does without. So threads do not queue up here,
// and a child forked while another thread held it is not stuck.
Memory::Block Memory::take(std::size_t size) {
  if (!is_kept(size)) return {new std::byte[size]};
  const SizeClass wanted = class_of(size);
  {
    const std::unique_lock lock(idle().mutex, std::try_to_lock);
    if (lock) {
      collect();
      if (const Block block = idle().take(wanted); block.bytes != nullptr) return block;
    }
  }
  return {allocate(wanted.bytes)};
}

void Memory::give_back(const Block& block, std::size_t size) noexcept {
  if (!is_kept(size)) {
    delete[] block.bytes;
    return;
  }
  const SizeClass its = class_of(size);
  {
    const std::unique_lock lock(idle().mutex, std::try_to_lock);
    if (lock) {
      collect();
      if (idle().keep(block, its)) return;
    }
  }
  if (block.region != nullptr) {
    put_aside(block, size);
  } else {
    release(block.bytes, its.bytes);
  }
}

}  // namespace arraymorph
