// Filter: one built-in step of a codec pipeline, and the list of them.
#pragma once

#include <cstddef>
#include <memory>

#include "arraymorph/codec.h"

namespace arraymorph::codec {

/// Stateless and const; runs on any thread.
class Filter {
 public:
  virtual ~Filter() = default;

  virtual Result<Buffer> encode(ConstByteSpan in) const = 0;

  /// `limit`: the most bytes the output can have; more is Code::corrupt, and no more than that
  /// is ever allocated.
  virtual Result<Buffer> decode(Buffer in, std::size_t limit) const = 0;

  /// The most bytes `encode` of any writer makes of `size` bytes.
  virtual std::size_t max_encoded(std::size_t size) const noexcept = 0;
};

/// Each returns null when HDF5 itself would refuse the parameters.
std::unique_ptr<const Filter> make_deflate(const FilterSpec& spec);
std::unique_ptr<const Filter> make_shuffle(const FilterSpec& spec, std::size_t element_size);
std::unique_ptr<const Filter> make_fletcher32();

/// The explicit list of built-ins; null when `spec` is not one of them.
std::unique_ptr<const Filter> make_filter(const FilterSpec& spec, std::size_t element_size);

}  // namespace arraymorph::codec
