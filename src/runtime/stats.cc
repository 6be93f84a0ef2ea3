#include "runtime/stats.h"

namespace arraymorph {

Stats& stats() noexcept {
  static Stats* const instance = new Stats;
  return *instance;
}

std::string stats_to_json() {
  std::string json;
  const Stats& all = stats();
#define ARRAYMORPH_COUNTER(name)             \
  json.append(json.empty() ? "{\"" : ", \"") \
      .append(#name "\": ")                  \
      .append(std::to_string(all.name.load()));
  ARRAYMORPH_COUNTERS(ARRAYMORPH_COUNTER)
#undef ARRAYMORPH_COUNTER
  return json + "}";
}

void reset_stats() noexcept {
  Stats& all = stats();
#define ARRAYMORPH_COUNTER(name) all.name.store(0);
  ARRAYMORPH_COUNTERS(ARRAYMORPH_COUNTER)
#undef ARRAYMORPH_COUNTER
}

}  // namespace arraymorph
