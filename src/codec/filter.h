// Filter: one built-in step of a codec pipeline, and the list of them.
#pragma once

#include <cstddef>
#include <memory>

#include "arraymorph/codec.h"

namespace arraymorph::codec {

/// Stateless and const; runs on any thread. Inputs and outputs never overlap.
class Filter {
 public:
  virtual ~Filter() = default;

  /// What `encode` returns when the filter is to be skipped for this chunk, as HDF5's would be.
  static constexpr std::size_t kSkipped = static_cast<std::size_t>(-1);

  /// Writes to the front of `out`, which has max_encoded(in.size()) bytes; how many were written.
  virtual Result<std::size_t> encode(ConstByteSpan in, ByteSpan out) const = 0;

  /// The decoded bytes: the front of `out`, or a part of `in` where decoding changes nothing. More
  /// than `out` holds is Code::corrupt.
  virtual Result<ConstByteSpan> decode(ConstByteSpan in, ByteSpan out) const = 0;

  /// The most bytes `encode` of any writer makes of `size` bytes.
  virtual std::size_t max_encoded(std::size_t size) const noexcept = 0;

  /// True when `encode` always writes max_encoded() bytes.
  virtual bool fixed_size() const noexcept { return false; }
};

/// Each returns null when the parameters are refused or left to libhdf5.
std::unique_ptr<const Filter> make_deflate(const FilterSpec& spec);
std::unique_ptr<const Filter> make_shuffle(const FilterSpec& spec, std::size_t element_size);
std::unique_ptr<const Filter> make_fletcher32();
std::unique_ptr<const Filter> make_lzf();
std::unique_ptr<const Filter> make_blosc(const FilterSpec& spec);
std::unique_ptr<const Filter> make_lz4(const FilterSpec& spec);
std::unique_ptr<const Filter> make_bitshuffle(const FilterSpec& spec);
std::unique_ptr<const Filter> make_zstd(const FilterSpec& spec);

/// The explicit list of built-ins; null when `spec` is not one of them.
std::unique_ptr<const Filter> make_filter(const FilterSpec& spec, std::size_t element_size);

}  // namespace arraymorph::codec
