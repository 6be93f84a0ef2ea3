#include "vfd/rental.h"

#include <gtest/gtest.h>

namespace arraymorph::vfd {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kSize = 100 * kMiB;

// 20 ms to an answer; 100 MiB take a second.
chunk::LinkCost link() {
  chunk::LinkCost cost;
  cost.latency = 0.02;
  cost.per_byte_of_many = 1.0 / static_cast<double>(kSize);
  return cost;
}

TEST(Rental, WaitingForATenthOfThePriceBuysAllThatFits) {
  Rental rental(kSize);
  int calls = 1;
  while (rental.waited({static_cast<std::uint64_t>(calls) * 7 * kMiB}, 0.02, true, kSize, link())
             .empty()) {
    ++calls;
  }
  EXPECT_EQ(calls, 6);  // 0.1 x 1.02 s
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(rental.waited({0}, 0.02, true, kSize, link()).empty()) << "it has been bought";
  }
}

TEST(Rental, WhatIsThereAlreadyCostsNothing) {
  Rental rental(kSize);
  EXPECT_TRUE(rental.waited({0}, 0.02, true, 10 * kMiB, link()).empty());
  const auto bought = rental.waited({50 * kMiB}, 0.02, true, 10 * kMiB, link());
  ASSERT_EQ(bought.size(), 1u);
  EXPECT_EQ(bought[0].offset, 0u);
  EXPECT_EQ(bought[0].length, kSize);
}

TEST(Rental, OneLongWaitTellsNothingOfOthers) {
  Rental rental(kSize);
  EXPECT_TRUE(rental.waited({0}, 100, true, kSize, link()).empty());
  EXPECT_EQ(rental.waited({0}, 0.001, true, kSize, link()).size(), 1u);
}

TEST(Rental, OneCallForManyPlacesIsOneWait) {
  for (const bool fits : {true, false}) {
    Rental rental(kSize);
    EXPECT_TRUE(rental.waited({0, kMiB, 2 * kMiB, 90 * kMiB}, 9, fits, kSize, link()).empty());
    EXPECT_EQ(rental.waited({0, kMiB, 90 * kMiB}, 9, fits, kSize, link()).size(), fits ? 1 : 2);
  }
}

TEST(Rental, RegionsAreBoughtApartWhereTheWholeDoesNotFit) {
  Rental rental(kSize);
  const std::uint64_t last = 3 * Rental::kRegion;
  EXPECT_TRUE(rental.waited({0}, 0.02, false, kSize, link()).empty());
  EXPECT_TRUE(rental.waited({last}, 0.02, false, kSize, link()).empty());
  const auto bought = rental.waited({last + kMiB}, 0.02, false, kSize, link());
  ASSERT_EQ(bought.size(), 1u);
  EXPECT_EQ(bought[0].offset, last);
  EXPECT_EQ(bought[0].length, kSize - last);
  EXPECT_TRUE(rental.waited({last}, 0.02, false, kSize, link()).empty());
  EXPECT_EQ(rental.waited({kMiB}, 0.02, false, kSize, link()).size(), 1u);
}

TEST(Rental, NearStoresAreNotWorthIt) {
  Rental rental(kSize);
  chunk::LinkCost near = link();
  near.latency = 1e-4;
  for (int i = 0; i < 10000; ++i) ASSERT_TRUE(rental.waited({0}, 1e-4, true, kSize, near).empty());
}

}  // namespace
}  // namespace arraymorph::vfd
