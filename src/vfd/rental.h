// Rental: when many small reads of one object have cost as much as bringing more of it.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "arraymorph/object_store.h"
#include "chunk/link.h"

namespace arraymorph::vfd {

/// What readers have waited for, by region of the object. This is the ski-rental problem (rent or
/// buy, without knowing how long one stays), with a region bought once its readers have waited a
/// tenth of what it takes to bring: it comes in the background, where nobody waits for it. So
/// whoever stops right after a purchase has had at most 11 times the bytes moved that were needed,
/// and waited 1.1 times as long at most when the purchase is not in the way of other reads. Each
/// region is bought once. An object that fits into memory is one region. Not thread-safe.
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
