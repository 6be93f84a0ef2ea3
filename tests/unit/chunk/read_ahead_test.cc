// Which calls are recognised as a course, and where it leads.
#include "chunk/read_ahead.h"

#include <gtest/gtest.h>

namespace arraymorph::chunk {
namespace {

Box rows(std::uint64_t first, std::uint64_t count) {
  return {{first, 0}, {first + count, 50}, count * 50};
}

AccessPattern::Time at(int milliseconds) {
  return AccessPattern::Time() + std::chrono::milliseconds(milliseconds);
}

TEST(ReadAhead, ThreeEvenCallsAreACourse) {
  AccessPattern pattern;
  EXPECT_FALSE(pattern.observe(rows(0, 5), at(0)));
  EXPECT_FALSE(pattern.observe(rows(10, 5), at(10)));
  const auto course = pattern.observe(rows(20, 5), at(20));
  ASSERT_TRUE(course);
  EXPECT_EQ(course->axis, 0u);
  EXPECT_EQ(course->step, 10);
  EXPECT_EQ(course->steps, 2u);
  EXPECT_NEAR(course->interval, 0.01, 1e-9);
}

TEST(ReadAhead, BackwardsToo) {
  AccessPattern pattern;
  for (int i = 0; i < 3; ++i) {
    const auto course = pattern.observe(rows(90 - 10 * i, 10), at(i));
    EXPECT_EQ(course.has_value(), i == 2);
    EXPECT_EQ(course ? course->step : -10, -10);
  }
}

TEST(ReadAhead, WhatIsUnevenIsNone) {
  AccessPattern pattern;
  for (const std::uint64_t first : {0, 10, 30, 40, 60, 61, 60, 60, 60}) {
    EXPECT_FALSE(pattern.observe(rows(first, 5), at(0))) << first;
  }
  // Both axes at once.
  for (std::uint64_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(pattern.observe({{i, i}, {i + 1, i + 1}, 1}, at(0)));
  }
  // Another shape.
  pattern.observe(rows(0, 5), at(0));
  pattern.observe(rows(10, 5), at(0));
  EXPECT_FALSE(pattern.observe(rows(20, 6), at(0)));
}

TEST(ReadAhead, EndsWhereItBreaksOrIsStopped) {
  AccessPattern pattern;
  for (std::uint64_t i = 0; i < 5; ++i) pattern.observe(rows(i, 1), at(0));
  EXPECT_FALSE(pattern.observe(rows(50, 1), at(0)));
  for (std::uint64_t i = 0; i < 5; ++i) pattern.observe(rows(i, 1), at(0));
  pattern.stop();
  EXPECT_FALSE(pattern.observe(rows(5, 1), at(0)));
}

TEST(ReadAhead, LastStepIsCutAtTheEdge) {
  const Course course{0, 10, 2, 0};
  const Extent dims{95, 50};
  const auto next = moved(rows(70, 10), course, 1, dims);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->low[0], 80u);
  EXPECT_EQ(next->high[0], 90u);
  EXPECT_EQ(moved(rows(70, 10), course, 2, dims)->high[0], 95u);
  EXPECT_FALSE(moved(rows(70, 10), course, 3, dims));
  EXPECT_FALSE(moved(rows(5, 10), {0, -10, 2, 0}, 1, dims));
}

}  // namespace
}  // namespace arraymorph::chunk
