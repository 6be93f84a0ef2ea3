#include "chunk/read_ahead.h"

#include <algorithm>
#include <cmath>

#include "chunk/cache.h"
#include "chunk/load.h"
#include "chunk/ranges.h"

namespace arraymorph::chunk {
namespace {

constexpr std::uint64_t kCalls = 2;    // steps that make a course
constexpr std::int64_t kManyUses = 8;  // calls in one chunk, if they go on

// The axis along which `now` lies beyond `before`, everything else equal; nothing when they differ
// otherwise. Boxes may differ in length along the axis.
std::optional<std::size_t> moving_axis(const Box& before, const Box& now) {
  if (before.low.size() != now.low.size()) return std::nullopt;
  std::optional<std::size_t> axis;
  for (std::size_t d = 0; d < now.low.size(); ++d) {
    if (now.low[d] == before.low[d] && now.high[d] == before.high[d]) continue;
    if (axis || now.low[d] == before.low[d]) return std::nullopt;
    axis = d;
  }
  return axis;
}

struct Chunks {
  Index low;   // first chunk in each dimension
  Index high;  // last
  std::uint64_t count = 1;

  Chunks(const Grid& grid, const Box& box) {
    for (std::size_t d = 0; d < box.low.size(); ++d) {
      low.push_back(box.low[d] / grid.chunk[d]);
      high.push_back((box.high[d] - 1) / grid.chunk[d]);
      count *= high[d] - low[d] + 1;
    }
  }

  bool next(Index& index) const {
    for (std::size_t d = index.size(); d-- > 0;) {
      if (++index[d] <= high[d]) return true;
      index[d] = low[d];
    }
    return false;
  }
};

std::uint64_t allowance(const EngineLimits& limits) {
  return std::min({limits.read_ahead_bytes, limits.cache_bytes / 4, limits.in_flight_bytes / 4});
}

// Does bringing the chunks of a call whole, beyond what the calls that use them need, take less
// than these would wait?
bool pays(const ArrayState& array, const Course& course, const Box& box, const Chunks& chunks) {
  if (!array.spec.codec->identity()) return true;
  const LinkCost cost = array.link->cost();
  const auto count = static_cast<double>(chunks.count);
  const double uses = std::max(1.0, static_cast<double>(array.spec.grid.chunk[course.axis]) /
                                        std::abs(static_cast<double>(course.step)));
  const double bytes = static_cast<double>(box.points * array.spec.grid.element_size);
  const double needed = uses * cost.transfer(count, bytes);
  const double whole = cost.transfer(count, count * static_cast<double>(array.chunk_bytes));
  return whole - needed <= 0.75 * uses * cost.latency;
}

// Steps that hide the time of fetching the chunks of one call, twice over.
std::uint64_t depth(const ArrayState& array, const Course& course, const Chunks& chunks) {
  const LinkCost cost = array.link->cost();
  const auto count = static_cast<double>(chunks.count);
  const double fetch =
      cost.latency + cost.transfer(count, count * static_cast<double>(array.chunk_bytes));
  const double steps = std::ceil(2 * fetch / std::max(course.interval, 1e-6)) + 1;
  return static_cast<std::uint64_t>(std::min(steps, static_cast<double>(course.steps)));
}

// False when it must wait for room.
bool fetch_chunk(ArrayState& array, const Index& index, Gather& gather, Lock& lock) {
  Shared& shared = *array.shared;
  if (array.absent(index)) return true;
  const auto found = array.entries.find(index);
  if (found != array.entries.end()) return true;
  if (shared.ahead_bytes + array.chunk_bytes > allowance(shared.limits) ||
      !has_capacity(shared, array.chunk_bytes)) {
    return false;
  }
  Entry& entry = pin(array, index);
  start_ahead(entry, gather, lock);
  unpin(entry);
  return true;
}

}  // namespace

std::optional<Course> AccessPattern::step_to(const Box& box) const {
  const auto axis = moving_axis(last_, box);
  if (!axis) return std::nullopt;
  return Course{*axis, static_cast<std::int64_t>(box.low[*axis] - last_.low[*axis]), 1, 0};
}

std::optional<Course> AccessPattern::observe(const Box& box, Time now) {
  std::optional<Course> step = step_to(box);
  const double interval = std::chrono::duration<double>(now - at_).count();
  // A box cut at the edge ends a course; one longer than the last began none.
  const bool same =
      step && course_.steps > 0 && step->axis == course_.axis && step->step == course_.step &&
      box.high[step->axis] - box.low[step->axis] <= last_.high[step->axis] - last_.low[step->axis];
  if (same) {
    ++course_.steps;
    course_.interval += (interval - course_.interval) * 0.3;
    scheduled -= std::min<std::uint64_t>(scheduled, 1);
  } else {
    course_ = step.value_or(Course());
    course_.interval = interval;
    scheduled = 0;
  }
  last_ = box;
  at_ = now;
  if (course_.steps < kCalls) return std::nullopt;
  return course_;
}

std::optional<Box> moved(const Box& box, const Course& course, std::uint64_t steps,
                         const Extent& dims) {
  Box there = box;
  const auto length = there.high[course.axis] - there.low[course.axis];
  const auto shift = static_cast<std::int64_t>(steps) * course.step;
  const auto low = static_cast<std::int64_t>(there.low[course.axis]) + shift;
  if (low < 0 || static_cast<std::uint64_t>(low) >= dims[course.axis]) return std::nullopt;
  there.low[course.axis] = static_cast<std::uint64_t>(low);
  there.high[course.axis] = std::min(there.low[course.axis] + length, dims[course.axis]);
  return there;
}

bool worth_whole(const ArrayState& array, const Box& box) {
  const std::optional<Course> course = array.pattern.step_to(box);
  if (!course) return false;
  const Grid& grid = array.spec.grid;
  const std::int64_t uses =
      static_cast<std::int64_t>(grid.chunk[course->axis]) / std::abs(course->step);
  return uses >= kManyUses && pays(array, *course, box, Chunks(grid, box));
}

void read_ahead(ArrayState& array, const Box& box, Gather& gather, Lock& lock) {
  const std::optional<Course> course = array.pattern.observe(box, std::chrono::steady_clock::now());
  const Shared& shared = *array.shared;
  if (!course || array.inherited() || !array.spec.codec->runs_anywhere()) return;
  if (array.chunk_bytes > allowance(shared.limits)) return;
  const Grid& grid = array.spec.grid;
  const Chunks now(grid, box);
  if (now.count > shared.limits.in_flight_requests) return;
  if (!pays(array, *course, box, now)) return;
  const std::uint64_t steps = depth(array, *course, now);
  for (std::uint64_t& ahead = array.pattern.scheduled; ahead < steps; ++ahead) {
    const std::optional<Box> there = moved(box, *course, ahead + 1, grid.dims);
    if (!there) return;
    const Chunks chunks(grid, *there);
    Index index = chunks.low;
    do {
      if (!fetch_chunk(array, index, gather, lock)) return;
    } while (chunks.next(index));
  }
}

}  // namespace arraymorph::chunk
