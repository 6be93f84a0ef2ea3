#include "runtime/stats.h"

#include <gtest/gtest.h>

namespace arraymorph {
namespace {

TEST(StatsTest, CountsAndResets) {
  reset_stats();
  count(stats().get_requests);
  count(stats().bytes_read, 100);
  const std::string json = stats_to_json();
  EXPECT_TRUE(json.starts_with("{\"get_requests\": 1, \"put_requests\": 0")) << json;
  EXPECT_NE(json.find("\"bytes_read\": 100"), std::string::npos) << json;
  EXPECT_TRUE(json.ends_with("}"));
  reset_stats();
  EXPECT_NE(stats_to_json().find("\"get_requests\": 0"), std::string::npos);
}

}  // namespace
}  // namespace arraymorph
