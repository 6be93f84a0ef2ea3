#include "chunk/rental.h"

#include <limits>

#include "chunk/cache.h"
#include "chunk/load.h"
#include "chunk/places.h"

namespace arraymorph::chunk {
namespace {

constexpr double kDecodeSeconds = 1 / 500e6;   // a byte
constexpr double kRequestBytes = 1 << 20;      // of one of the requests for a region
constexpr double kPrice = 0.25;                // of what a region costs: it comes in the background
constexpr std::uint64_t kUnderWay = 16 << 20;  // decoded bytes
constexpr double kBought = -std::numeric_limits<double>::infinity();
constexpr std::uint64_t kEverything = std::numeric_limits<std::uint64_t>::max();

std::uint64_t budget(const EngineLimits& limits) {
  return limits.read_ahead_bytes == 0 ? 0 : limits.cache_bytes / 2;
}

struct Regions {
  const ArrayState& array;
  const bool one;  // the array is one region

  explicit Regions(const ArrayState& a)
      : array(a), one(a.spec.places->count() <= budget(a.shared->limits) / a.chunk_bytes) {}

  std::uint64_t of(const Index& index) const {
    if (one) return 0;
    const auto place = array.spec.places->find(index);
    return place ? place->offset / Rental::kRegion : 0;
  }

  std::vector<PlacedChunk> chunks(std::uint64_t region) const {
    if (one) return array.spec.places->between(0, kEverything);
    return array.spec.places->between(region * Rental::kRegion, (region + 1) * Rental::kRegion);
  }
};

double cost_of(const ArrayState& array, const std::vector<PlacedChunk>& chunks) {
  double bytes = 0;
  for (const PlacedChunk& chunk : chunks) bytes += static_cast<double>(chunk.place.size);
  const LinkCost link = array.link->cost();
  double decode = 0;
  if (!array.spec.codec->identity()) {
    decode = static_cast<double>(chunks.size() * array.chunk_bytes) * kDecodeSeconds;
  }
  return link.latency + link.transfer(bytes / kRequestBytes + 1, bytes) + decode;
}

/// Seconds that a call waits for so many chunks.
double wait_for(const ArrayState& array, std::size_t chunks) {
  const LinkCost link = array.link->cost();
  const auto count = static_cast<double>(chunks);
  return link.latency + link.transfer(count, count * static_cast<double>(array.chunk_bytes));
}

/// Count the `call` seconds that are waited for; regions that have become worth it are to be
/// bought.
void consider(ArrayState& array, const std::vector<Index>& missing, double call) {
  const Regions regions(array);
  const auto count = static_cast<double>(missing.size());
  std::unordered_map<std::uint64_t, double> here;
  for (const Index& index : missing) here[regions.of(index)] += call / count;
  for (const auto& [region, seconds] : here) {
    double& waited = array.rental.waited[region];
    // Only what earlier calls have waited for tells that there will be more.
    const bool again = waited != 0;
    if (waited == kBought) continue;
    waited += seconds;
    if (!again) continue;
    const std::vector<PlacedChunk> chunks = regions.chunks(region);
    if (chunks.size() * array.chunk_bytes > budget(array.shared->limits) ||
        waited < kPrice * cost_of(array, chunks)) {
      continue;
    }
    waited = kBought;
    for (const PlacedChunk& chunk : chunks) array.rental.buying.push_back(chunk.index);
  }
}

}  // namespace

void rent(ArrayState& array, const std::vector<Index>& missing, Lock& lock) {
  if (array.inherited() || !array.spec.codec->runs_anywhere()) return;
  if (!missing.empty()) consider(array, missing, wait_for(array, missing.size()));
  go_on_buying(array, lock);
}

void go_on_buying(ArrayState& array, Lock& lock) {
  std::deque<Index>& buying = array.rental.buying;
  const Shared& shared = *array.shared;
  if (buying.empty() || shared.in_flight_bytes > kUnderWay / 2) return;
  Gather gather;
  while (!buying.empty() && shared.in_flight_bytes < kUnderWay) {
    if (shared.ahead_bytes + array.chunk_bytes > budget(shared.limits)) {
      buying.clear();  // others are in want of the cache
      break;
    }
    const Index index = std::move(buying.front());
    buying.pop_front();
    if (array.entries.contains(index)) continue;
    Entry& entry = pin(array, index);
    start_ahead(entry, gather, lock);
    unpin(entry);
  }
  gather.send(lock);
}

}  // namespace arraymorph::chunk
