// Buffer: owned bytes that are not zeroed when allocated.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

namespace arraymorph {

using ByteSpan = std::span<std::byte>;
using ConstByteSpan = std::span<const std::byte>;

/// Move-only owned bytes; new storage is uninitialised, for data that is about to be overwritten.
/// Allocation failure throws std::bad_alloc: check sizes that come from outside first.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size) : data_(new std::byte[size]), size_(size) {}
  Buffer(Buffer&& other) noexcept
      : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  static Buffer copy_of(ConstByteSpan bytes) {
    Buffer buffer(bytes.size());
    if (!bytes.empty()) std::memcpy(buffer.data(), bytes.data(), bytes.size());
    return buffer;
  }

  std::byte* data() noexcept { return data_.get(); }
  const std::byte* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  ByteSpan span() noexcept { return {data_.get(), size_}; }
  ConstByteSpan span() const noexcept { return {data_.get(), size_}; }

  /// Forget the bytes past `size` (no reallocation). `size` must not exceed size().
  void shrink(std::size_t size) noexcept { size_ = size; }

 private:
  std::unique_ptr<std::byte[]> data_;
  std::size_t size_ = 0;
};

}  // namespace arraymorph
