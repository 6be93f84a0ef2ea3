// Rental: when many small reads of one object have cost as much as bringing all of it.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "chunk/grid.h"

namespace arraymorph::chunk {

struct ArrayState;

/// What calls have waited for chunks of one object, by region of the object. Whoever goes on
/// renting what could be bought for as much buys it at last: reads that jump about cost at most
/// about twice what is best, whether they go on or not. Arrays that fit into half of the cache are
/// one region.
struct Rental {
  static constexpr std::uint64_t kRegion = std::uint64_t{32} << 20;  ///< bytes of the object

  std::unordered_map<std::uint64_t, double> waited;  ///< seconds, by number of the region
  std::deque<Index> buying;                          ///< still to be asked for
};

/// A call on the array has to wait for the chunks `missing` (it may be none), which are on their
/// way. What it and others have waited for in their regions may be worth fetching these whole: in
/// the background, a part at a time, so that a close never has long to wait for it. With the mutex
/// held by `lock`, which it may release meanwhile.
void rent(ArrayState& array, const std::vector<Index>& missing, std::unique_lock<std::mutex>& lock);

/// A chunk that was fetched ahead has come: on to the next part, on any thread. `lock` as above.
void go_on_buying(ArrayState& array, std::unique_lock<std::mutex>& lock);

}  // namespace arraymorph::chunk
