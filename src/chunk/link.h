// Link: how fast a store answers, measured on the requests that go to it.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <mutex>

namespace arraymorph::chunk {

/// What requests cost, in seconds. Starts as a good network, so that the first requests are of a
/// size that tells.
struct LinkCost {
  double latency = 0.01;               ///< from a request to its answer, when the answer is small
  double per_request = 1e-4;           ///< what one more request beside others adds
  double per_byte = 1 / 500e6;         ///< inverse of the bandwidth that requests have had
  double per_byte_of_many = per_byte;  ///< the same, of the whole of many requests at once

  /// Of `requests` in flight together that bring `bytes`, their latency apart.
  double transfer(double requests, double bytes) const {
    return requests * per_request + bytes * per_byte;
  }
};

/// Latency is that of the fastest small answers, forgotten slowly. Bandwidth and the cost of a
/// request come from stretches in which something was always under way: bytes and requests over
/// the time they took, latency at the start apart. Thread-safe.
class Link {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;

  explicit Link(const LinkCost& guess = {})
      : cost_(guess), guess_(guess.per_byte), rate_{kGuessBytes, kGuessBytes * guess.per_byte} {}

  void started(Time now);
  /// A request sent at `sent` has been answered with `bytes` (0: it failed or found nothing).
  void answered(Time sent, Time now, std::uint64_t bytes);

  LinkCost cost() const;

 private:
  /// A ratio of sums, fading: what jitter adds to one stretch it takes from another.
  struct Rate {
    double bytes = 0;
    double seconds = 0;
    void learn(double more, double took);
    double per_byte() const;
  };

  void learn_latency();
  void learn_rate(double seconds);
  void begin_stretch(Time now, bool idle_before);

  static constexpr double kGuessBytes = 4 << 20;  ///< what the guess counts for
  static constexpr double kNone = std::numeric_limits<double>::infinity();

  mutable std::mutex mutex_;
  LinkCost cost_;
  bool latency_known_ = false;
  const double guess_;  ///< per byte
  Rate rate_;
  Rate of_many_;
  std::uint64_t in_flight_ = 0;
  // The stretch under way.
  Time since_;
  bool idle_before_ = true;  ///< it began with a request: the latency of that one counts in it
  std::uint64_t bytes_ = 0;
  std::uint64_t answers_ = 0;
  std::uint64_t most_in_flight_ = 0;
  double fastest_ = kNone;  ///< of the answers that tell the latency
};

}  // namespace arraymorph::chunk
