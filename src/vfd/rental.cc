#include "vfd/rental.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace arraymorph::vfd {
namespace {

constexpr double kPrice = 0.1;  // of what it takes: it comes in the background
constexpr double kNear = 1e-3;  // seconds: waiting for so little is no loss
constexpr double kBought = -std::numeric_limits<double>::infinity();

}  // namespace

// `waited` before by others, and `seconds` now.
bool Rental::is_worth(double& waited, double seconds, std::uint64_t bytes,
                      const chunk::LinkCost& cost) {
  const double before = std::exchange(waited, waited + seconds);
  // Only what earlier calls have waited for tells that there will be more.
  if (before <= 0 || cost.latency < kNear) return false;
  const double price = cost.latency + static_cast<double>(bytes) * cost.per_byte_of_many;
  if (waited < kPrice * price) return false;
  waited = kBought;
  return true;
}

std::vector<ByteRange> Rental::waited(const std::vector<std::uint64_t>& offsets, double seconds,
                                      bool fits, std::uint64_t left, const chunk::LinkCost& cost) {
  std::map<std::uint64_t, double> here;  // by region
  const double each = seconds / static_cast<double>(offsets.size());
  for (const std::uint64_t offset : offsets) here[offset / kRegion] += each;
  std::vector<ByteRange> bought;
  if (fits) {
    if (is_worth(all_, seconds, left, cost)) bought.push_back({0, size_});
    return bought;
  }
  for (const auto& [region, waited] : here) {
    const std::uint64_t begin = region * kRegion;
    const ByteRange range{begin, std::min(kRegion, size_ - begin)};
    if (is_worth(regions_[region], waited, range.length, cost)) bought.push_back(range);
  }
  return bought;
}

}  // namespace arraymorph::vfd
