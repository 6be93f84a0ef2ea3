// Rental: when many small reads of one object have cost as much as bringing more of it.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "arraymorph/object_store.h"
#include "chunk/link.h"

namespace arraymorph::vfd {

/// What readers have waited for, by region of the object. Whoever goes on renting what could be
/// bought for as much buys it at last: reads that jump about cost at most about twice what is best,
/// whether they go on or not. Each region is bought once. An object that fits into memory is one
/// region. Not thread-safe.
class Rental {
 public:
  static constexpr std::uint64_t kRegion = std::uint64_t{32} << 20;  ///< bytes

  explicit Rental(std::uint64_t size) : size_(size) {}

  /// A reader has waited `seconds` for what lies at `offsets` (one or more). Returns what has
  /// become worth bringing: everything where the object `fits`, of which `left` bytes are missing,
  /// else their regions.
  std::vector<ByteRange> waited(const std::vector<std::uint64_t>& offsets, double seconds,
                                bool fits, std::uint64_t left, const chunk::LinkCost& cost);

 private:
  static bool is_worth(double& waited, double seconds, std::uint64_t bytes,
                       const chunk::LinkCost& cost);

  const std::uint64_t size_;
  double all_ = 0;                                     ///< seconds
  std::unordered_map<std::uint64_t, double> regions_;  ///< seconds by number
};

}  // namespace arraymorph::vfd
