#include "chunk/link.h"

#include <algorithm>
#include <cmath>

namespace arraymorph::chunk {
namespace {

constexpr std::uint64_t kSmallAnswer = 64 << 10;
constexpr std::uint64_t kStretchBytes = 8 << 20;  // evaluated when it has brought so much
constexpr std::uint64_t kStretchAnswers = 256;
constexpr std::uint64_t kTellingBytes = 512 << 10;  // less says nothing about the bandwidth
constexpr std::uint64_t kTellingAnswers = 32;       // and fewer nothing about requests
constexpr double kLeastSeconds = 20e-6;
constexpr double kLeastPerByte = 1 / 20e9;
constexpr double kMemoryBytes = 32 << 20;  // of the bandwidth
constexpr std::uint64_t kMany = 4;         // requests at once, which may be as much faster
constexpr double kForget = 0.05;           // share of a slower answer that the latency takes over

double seconds(Link::Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

void blend(double& value, double sample, double weight) { value += (sample - value) * weight; }

}  // namespace

void Link::started(Time now) {
  const std::lock_guard lock(mutex_);
  if (in_flight_++ == 0) begin_stretch(now, true);
  most_in_flight_ = std::max(most_in_flight_, in_flight_);
}

void Link::answered(Time sent, Time now, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const bool alone = in_flight_ == 1 && answers_ == 0;
  --in_flight_;
  bytes_ += bytes;
  ++answers_;
  const double elapsed = std::max(seconds(now - sent), kLeastSeconds);
  const bool tells = bytes <= kSmallAnswer || alone || elapsed < cost_.latency || !latency_known_;
  if (bytes > 0 && tells) {
    // What came with the answer took time of its own, but never more than most of it.
    const double transfer = static_cast<double>(bytes) * cost_.per_byte;
    fastest_ = std::min(fastest_, elapsed - std::min(transfer, elapsed * 0.75));
  }
  if (in_flight_ == 0 || bytes_ >= kStretchBytes || answers_ >= kStretchAnswers) {
    learn_latency();
    learn_rate(seconds(now - since_));
    begin_stretch(now, false);
  }
}

LinkCost Link::cost() const {
  const std::lock_guard lock(mutex_);
  return cost_;
}

void Link::learn_latency() {
  if (fastest_ == kNone) return;
  if (fastest_ < cost_.latency || !latency_known_) {
    cost_.latency = fastest_;
    latency_known_ = true;
  } else if (idle_before_) {  // else it waited for others
    blend(cost_.latency, fastest_, kForget);
  }
}

void Link::learn_rate(double elapsed) {
  const double busy = idle_before_ ? elapsed - cost_.latency : elapsed;
  const auto bytes = static_cast<double>(bytes_);
  const auto answers = static_cast<double>(answers_);
  const double for_bytes = bytes * cost_.per_byte;
  const double for_requests = answers * cost_.per_request;
  if (bytes_ / answers_ < kSmallAnswer) {
    if (answers_ < kTellingAnswers || busy <= 0) return;
    const double left = std::max(busy - for_bytes, busy * 0.25);
    blend(cost_.per_request, left / answers, 0.3);
    return;
  }
  if (bytes_ < kTellingBytes) return;
  const double took = std::max(busy - for_requests, -cost_.latency);
  rate_.learn(bytes, took);
  if (most_in_flight_ >= kMany) of_many_.learn(bytes, took);
  cost_.per_byte = rate_.per_byte();
  const double of_many =
      of_many_.bytes > 0 ? of_many_.per_byte() : std::max(cost_.per_byte / kMany, guess_);
  cost_.per_byte_of_many = std::min(of_many, cost_.per_byte);
}

void Link::Rate::learn(double more, double took) {
  const double keep = std::exp(-more / kMemoryBytes);
  bytes = bytes * keep + more;
  seconds = seconds * keep + took;
}

double Link::Rate::per_byte() const { return std::max(seconds / bytes, kLeastPerByte); }

void Link::begin_stretch(Time now, bool idle_before) {
  since_ = now;
  idle_before_ = idle_before;
  bytes_ = 0;
  answers_ = 0;
  most_in_flight_ = in_flight_;
  fastest_ = kNone;
}

}  // namespace arraymorph::chunk
