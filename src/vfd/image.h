// Image: the bytes of one HDF5 file, held in memory.
#pragma once

#include <cstdint>
#include <optional>

#include "arraymorph/buffer.h"

namespace arraymorph::vfd {

/// A growable run of bytes that reads as zero where nothing was written, like a sparse file.
class Image {
 public:
  Image() = default;
  /// Takes `bytes` over; its first `length` bytes are the image.
  Image(Buffer bytes, std::size_t length) : bytes_(std::move(bytes)), length_(length) {}

  /// End of file: one past the last byte written.
  std::uint64_t length() const noexcept { return length_; }
  ConstByteSpan span() const noexcept { return bytes_.span().first(length_); }

  /// Bytes [offset, offset + into.size()); zeros past the end.
  void read(std::uint64_t offset, ByteSpan into) const;
  /// Grows as needed. Throws std::bad_alloc when there is no memory.
  void write(std::uint64_t offset, ConstByteSpan from);
  void resize(std::uint64_t length);

  /// Counts writes and resizes that made a difference: equal counts mean unchanged bytes.
  std::uint64_t changes() const noexcept { return changes_; }

 private:
  void reserve(std::uint64_t capacity);

  Buffer bytes_;
  std::size_t length_ = 0;
  std::uint64_t changes_ = 0;
};

struct Superblock {
  std::uint64_t offset = 0;      ///< size of the user block before it; addresses count from here
  std::size_t address_size = 0;  ///< bytes of an address in the file
};

/// The superblock among the first bytes of a file, at 0 or 512, 1024, 2048, ..., if there is one.
std::optional<Superblock> find_superblock(ConstByteSpan file);

/// The first bytes of an HDF5 file, up to the end of its superblock, as in a cleanly closed file;
/// all others are the same there. The consistency flags that the superblock carries while HDF5 has
/// the file open for writing are cleared, and its checksum, where it has one, redone (HDF5 File
/// Format Specification, II.A). Empty when there is no superblock.
Buffer closed_head(ConstByteSpan file);

}  // namespace arraymorph::vfd
