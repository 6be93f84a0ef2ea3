// Buffer: owned bytes that are not zeroed when allocated.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

namespace arraymorph {

using ByteSpan = std::span<std::byte>;
using ConstByteSpan = std::span<const std::byte>;

/// Memory of buffers. Large blocks are kept for the next buffer of about their size, because fresh
/// pages cost more than the bytes that are written to them: up to 64 MiB in all, and what shares
/// memory with blocks in use. Thread-safe. Allocation failure throws std::bad_alloc.
struct Memory {
  struct Block {
    std::byte* bytes = nullptr;
    void* region = nullptr;  ///< that it is a part of; null: it stands alone
  };
  static Block take(std::size_t size);
  /// `size` as it was taken.
  static void give_back(const Block& block, std::size_t size) noexcept;
};

/// Move-only owned bytes; new storage is uninitialised, for data that is about to be overwritten.
/// Allocation failure throws std::bad_alloc: check sizes that come from outside first.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) : block_(Memory::take(size)), size_(size), taken_(size) {}
  ~Buffer() {
    if (block_.bytes != nullptr) Memory::give_back(block_, taken_);
  }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer(std::move(other)).swap(*this);
    return *this;
  }

  static Buffer copy_of(ConstByteSpan bytes) {
    Buffer buffer(bytes.size());
    if (!bytes.empty()) std::memcpy(buffer.data(), bytes.data(), bytes.size());
    return buffer;
  }

  std::byte* data() noexcept { return block_.bytes; }
  const std::byte* data() const noexcept { return block_.bytes; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  ByteSpan span() noexcept { return {block_.bytes, size_}; }
  ConstByteSpan span() const noexcept { return {block_.bytes, size_}; }

  /// Forget the bytes past `size` (no reallocation). `size` must not exceed size().
  void shrink(std::size_t size) noexcept { size_ = size; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(size_, other.size_);
    std::swap(taken_, other.taken_);
  }

  Memory::Block block_;
  std::size_t size_ = 0;
  std::size_t taken_ = 0;
};

}  // namespace arraymorph
