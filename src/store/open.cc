#include "store/open.h"

#include <map>
#include <mutex>

#include "store/http/http_store.h"
#include "store/local/local_store.h"
#include "store/memory/memory_store.h"
#include "store/s3/s3_store.h"
#include "store/wrap/checksums.h"
#include "store/wrap/metrics.h"
#include "store/wrap/trace.h"

namespace arraymorph::store {
namespace {

struct Cache {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<ObjectStore>> stores;
};

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
  Cache& opened = cache();
  const std::lock_guard lock(opened.mutex);
  if (const auto it = opened.stores.find(id); it != opened.stores.end()) return it->second;
  ARRAYMORPH_ASSIGN(std::shared_ptr<ObjectStore> store, make_store(location, config));
  store = with_trace(with_metrics(with_checksums(std::move(store), config.checksums)));
  opened.stores.emplace(id, store);
  return store;
}

}  // namespace arraymorph::store
