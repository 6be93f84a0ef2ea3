// What the link learns from requests, on a clock of our own.
#include "chunk/link.h"

#include <gtest/gtest.h>

#include <chrono>

namespace arraymorph::chunk {
namespace {

Link::Time at(double seconds) {
  return Link::Time() +
         std::chrono::duration_cast<Link::Clock::duration>(std::chrono::duration<double>(seconds));
}

// `count` requests of `bytes` each at once: the first is answered after the latency, then one
// after the other at the given rate.
double together(Link& link, double now, int count, std::uint64_t bytes, double latency,
                double each) {
  for (int i = 0; i < count; ++i) link.started(at(now));
  double end = now + latency;
  for (int i = 0; i < count; ++i) {
    end += each;
    link.answered(at(now), at(end), bytes);
  }
  return end;
}

TEST(Link, LatencyIsThatOfSmallAnswers) {
  Link link;
  double now = 1;
  for (int i = 0; i < 5; ++i) now = together(link, now, 1, 4096, 0.02, 0);
  EXPECT_NEAR(link.cost().latency, 0.02, 0.001);
  // It follows a faster answer at once, slower ones slowly.
  now = together(link, now, 1, 4096, 0.005, 0);
  EXPECT_NEAR(link.cost().latency, 0.005, 0.001);
  now = together(link, now, 1, 4096, 0.02, 0);
  EXPECT_LT(link.cost().latency, 0.007);
  for (int i = 0; i < 200; ++i) now = together(link, now, 1, 4096, 0.02, 0);
  EXPECT_NEAR(link.cost().latency, 0.02, 0.001);
}

TEST(Link, BandwidthIsBytesOverBusyTimeWhateverTheLatency) {
  for (const double latency : {0.001, 0.02, 0.1}) {
    Link link;
    double now = together(link, 1, 4, 100, latency, 1e-5);
    for (int i = 0; i < 8; ++i) {
      now = together(link, now + 1, 64, 1 << 20, latency, (1 << 20) / 200e6);
    }
    EXPECT_NEAR(1 / link.cost().per_byte, 200e6, 30e6) << latency;
    EXPECT_NEAR(link.cost().latency, latency, 0.2 * latency + 0.001);
  }
}

TEST(Link, ManyRequestsAtOnceMayBeFasterThanOne) {
  Link link;
  double now = together(link, 1, 1, 100, 0.02, 0);
  for (int i = 0; i < 50; ++i) now = together(link, now + 1, 1, 1 << 20, 0.02, (1 << 20) / 50e6);
  EXPECT_NEAR(1 / link.cost().per_byte, 50e6, 20e6);
  EXPECT_DOUBLE_EQ(link.cost().per_byte_of_many, link.cost().per_byte / 4) << "not tried yet";
  for (int i = 0; i < 8; ++i) {
    now = together(link, now + 1, 64, 1 << 20, 0.02, (1 << 20) / 80e6);
  }
  EXPECT_NEAR(1 / link.cost().per_byte_of_many, 80e6, 8e6);
}

TEST(Link, ManySmallAnswersTellWhatARequestCosts) {
  Link link;
  double now = 1;
  for (int i = 0; i < 20; ++i) now = together(link, now + 1, 400, 4096, 0.02, 4e-4);
  EXPECT_NEAR(link.cost().per_request, 4e-4, 1e-4);
}

TEST(Link, FailuresTeachNothing) {
  Link link;
  const LinkCost before = link.cost();
  together(link, 1, 100, 0, 3, 1e-3);
  EXPECT_EQ(link.cost().latency, before.latency);
  EXPECT_EQ(link.cost().per_byte, before.per_byte);
}

}  // namespace
}  // namespace arraymorph::chunk
