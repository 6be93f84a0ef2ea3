// Free lists of large blocks by size class.
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <new>
#include <vector>

#include "arraymorph/buffer.h"

namespace arraymorph {
namespace {

constexpr std::size_t kSmallest = 64 << 10;  // below, malloc keeps its pages itself
constexpr std::size_t kLargest = 64 << 20;
constexpr std::size_t kMostIdle = 64 << 20;
constexpr std::size_t kHuge = 4 << 20;
constexpr std::align_val_t kHugePage{2 << 20};
constexpr std::size_t kSteps = 4;  // size classes per power of two
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

struct Idle {
  std::mutex mutex;
  std::size_t bytes = 0;
  std::array<std::vector<std::byte*>, kClasses + 1> blocks;

  // False when there is no memory to note it.
  bool keep(std::byte* block, const SizeClass& its) noexcept {
    try {
      blocks[its.number].push_back(block);
    } catch (const std::bad_alloc&) {
      return false;
    }
    bytes += its.bytes;
    return true;
  }
};

// Never destroyed: buffers may outlive every static object.
Idle& idle() {
  static Idle* const instance = new Idle;
  return *instance;
}

// Pages of 2 MiB where the system has them: a fault for each of the small ones costs about as much
// as what is written there.
std::byte* allocate(std::size_t bytes) {
  if (bytes < kHuge) return new std::byte[bytes];
  auto* const block = static_cast<std::byte*>(::operator new[](bytes, kHugePage));
#ifdef MADV_HUGEPAGE
  ::madvise(block, bytes, MADV_HUGEPAGE);
#endif
  return block;
}

void release(std::byte* block, std::size_t bytes) noexcept {
  if (bytes < kHuge) {
    delete[] block;
  } else {
    ::operator delete[](block, kHugePage);
  }
}

}  // namespace

// Neither waits for the lock: who does not get it does without the list. So threads do not queue
// up here, and a child forked while another thread held it is not stuck.
std::byte* Memory::take(std::size_t size) {
  if (!is_kept(size)) return new std::byte[size];
  const SizeClass wanted = class_of(size);
  {
    const std::unique_lock lock(idle().mutex, std::try_to_lock);
    std::vector<std::byte*>& blocks = idle().blocks[wanted.number];
    if (lock && !blocks.empty()) {
      std::byte* const block = blocks.back();
      blocks.pop_back();
      idle().bytes -= wanted.bytes;
      return block;
    }
  }
  return allocate(wanted.bytes);
}

void Memory::give_back(std::byte* block, std::size_t size) noexcept {
  if (is_kept(size)) {
    const SizeClass its = class_of(size);
    const std::unique_lock lock(idle().mutex, std::try_to_lock);
    if (lock && idle().bytes + its.bytes <= kMostIdle && idle().keep(block, its)) return;
    return release(block, its.bytes);
  }
  delete[] block;
}

}  // namespace arraymorph
