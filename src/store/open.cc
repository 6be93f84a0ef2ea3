#include "store/open.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "store/http/http_store.h"
#include "store/local/local_store.h"
#include "store/memory/memory_store.h"
#include "store/s3/s3_store.h"
#include "store/wrap/checksums.h"
#include "store/wrap/metrics.h"
#include "store/wrap/trace.h"

namespace arraymorph::store {
namespace {

// Stores that nobody has open, for whoever asks for the same again. Keys that are renewed every
// hour make a store each.
constexpr std::size_t kMostIdle = 16;

struct Opened {
  std::shared_ptr<ObjectStore> store;
  std::uint64_t used = 0;  // clock
  bool stays = false;      // its objects are nowhere else
};

struct Cache {
  std::mutex mutex;
  std::map<std::string, Opened> stores;
  std::uint64_t clock = 0;
};

// Takes out the stores that nobody has open and that were asked for longest ago. With the mutex
// held, so that no one can come by one of them meanwhile.
std::vector<std::shared_ptr<ObjectStore>> take_idle(Cache& cache) {
  std::map<std::uint64_t, std::string> idle;
  for (const auto& [id, opened] : cache.stores) {
    if (!opened.stays && opened.store.use_count() == 1) idle[opened.used] = id;
  }
  std::vector<std::shared_ptr<ObjectStore>> taken;
  for (auto it = idle.begin(); idle.size() - taken.size() > kMostIdle; ++it) {
    taken.push_back(std::move(cache.stores.extract(it->second).mapped().store));
  }
  return taken;
}

Cache& cache() {
  static Cache* const instance = new Cache;
  return *instance;
}

std::string identity(const Location& location, const Config& config) {
  const std::string checksums = std::to_string(static_cast<int>(config.checksums)) + " ";
  switch (location.kind) {
    case Location::Kind::s3:
      return "s3 " + checksums + s3_identity(location.container, config);
    case Location::Kind::http:
      return "http " + http_identity(location.container, config);
    case Location::Kind::local:
      return "local " + checksums + location.container;
    case Location::Kind::memory:
      break;
  }
  return "memory " + location.container;
}

Result<std::shared_ptr<ObjectStore>> make_store(const Location& location, const Config& config) {
  switch (location.kind) {
    case Location::Kind::s3:
      return make_s3_store(location.container, config);
    case Location::Kind::http:
      return make_http_store(location.container, config);
    case Location::Kind::local:
      return make_local_store(location.container);
    case Location::Kind::memory:
      break;
  }
  return make_memory_store(location.container);
}

}  // namespace

Status settle(const Location& location, Config& config) {
  if (location.kind == Location::Kind::s3) ARRAYMORPH_TRY(complete_s3(config.s3));
  const bool network = location.kind == Location::Kind::s3 || location.kind == Location::Kind::http;
  keep_within_limits(config, network);
  return Status();
}

Result<std::shared_ptr<ObjectStore>> open_store(const Location& location, const Config& given) {
  Config config = given;
  ARRAYMORPH_TRY(settle(location, config));
  const std::string id = identity(location, config);
  std::vector<std::shared_ptr<ObjectStore>> idle;  // ended without the lock: they wait for sockets
  Cache& all = cache();
  const std::lock_guard lock(all.mutex);
  if (const auto it = all.stores.find(id); it != all.stores.end()) {
    it->second.used = ++all.clock;
    return it->second.store;
  }
  ARRAYMORPH_ASSIGN(std::shared_ptr<ObjectStore> store, make_store(location, config));
  store = with_trace(with_metrics(with_checksums(std::move(store), config.checksums)));
  all.stores[id] = {store, ++all.clock, location.kind == Location::Kind::memory};
  idle = take_idle(all);
  return store;
}

}  // namespace arraymorph::store
