// Read-ahead: recognises calls that move evenly along one axis and fetches what the next ones
// will ask for while the caller computes.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "chunk/array.h"

namespace arraymorph::chunk {

class Gather;
struct ArrayState;

/// What the next calls will read, as long as they go on like the last ones.
struct Course {
  std::size_t axis = 0;
  std::int64_t step = 0;    ///< elements from one call to the next, not 0
  std::uint64_t steps = 0;  ///< how often they have moved so
  double interval = 0;      ///< seconds from one call to the next, lately
};

/// Successive reads of one array: the boxes of calls on a course have the same shape, except that
/// the array's edge may cut the last one, and each lies one step further along one axis.
class AccessPattern {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// The next call. A course is known from the third call on.
  std::optional<Course> observe(const Box& box, Time now);

  /// The course ends, whatever comes next.
  void stop() { course_ = Course(); }

  /// How the call that reads `box` moves from the last one; nothing when it does not move along
  /// one axis alone.
  std::optional<Course> step_to(const Box& box) const;

  /// Steps ahead of the last call that have been dealt with.
  std::uint64_t scheduled = 0;

 private:
  Box last_;
  Time at_;
  Course course_;
};

/// `box` moved by `steps` along `course` and cut at `dims`; empty where the axis ends.
std::optional<Box> moved(const Box& box, const Course& course, std::uint64_t steps,
                         const Extent& dims);

/// A call that reads `box`, one small step beside the last one, may be the second of many in the
/// same chunks: true when bringing these whole now costs less than what the others would wait.
bool worth_whole(const ArrayState& array, const Box& box);

/// A call that reads `box` is under way: fetch for the next ones what pays. Never more than
/// EngineLimits::read_ahead_bytes, a quarter of the cache budget or of the bytes in flight; never
/// further than the course has already lasted, nor than it takes to hide the latency. What fails
/// is asked for again by the call that needs it. With the mutex held by `lock`, which it may
/// release meanwhile; what goes into `gather` is to be sent.
void read_ahead(ArrayState& array, const Box& box, Gather& gather,
                std::unique_lock<std::mutex>& lock);

}  // namespace arraymorph::chunk
