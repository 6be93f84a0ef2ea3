#include "store/http/sites.h"

#include <utility>
#include <vector>

#include "store/http/errors.h"

namespace arraymorph::store::http {
namespace {

constexpr std::chrono::seconds kStopBudget{5};
// Presigned URLs, to which archives redirect, live for minutes at least.
constexpr std::chrono::seconds kRemembered{60};
constexpr std::size_t kMostRemembered = 1000;
constexpr const char* kRegion = "us-east-1";  // the engine wants one, and nothing is signed

std::shared_ptr<s3::Client> make_client(const Url& url, const Config& config) {
  s3::Target target;
  target.endpoint = url.origin;
  target.judge = judge;
  s3::Address address;
  address.endpoint = url.origin;
  address.host = url.authority();
  address.region = kRegion;
  address.literal_keys = true;
  s3::SessionOptions options;
  options.endpoint.authority = url.authority();
  options.endpoint.tls = url.tls();
  options.region = kRegion;
  options.ca_bundle = config.s3.ca_bundle;
  options.ca_bundle_source = config.s3.sources.ca_bundle;
  options.source.anonymous = true;
  options.connections = config.connections;
  options.event_loops = config.event_loops;
  options.timeout_seconds = config.timeout_seconds;
  auto client = std::make_shared<s3::Client>(std::move(target), std::move(address),
                                             std::move(options), config);
  enroll(client);
  return client;
}

}  // namespace

// A redirect may bring in another one meanwhile.
void Sites::stop() {
  const auto deadline = std::chrono::steady_clock::now() + kStopBudget;
  for (std::size_t stopped = 0;;) {
    std::vector<std::shared_ptr<s3::Client>> clients;
    {
      const std::lock_guard lock(mutex_);
      if (stopped == sites_.size()) return;
      for (const auto& [origin, site] : sites_) clients.push_back(site.client);
    }
    for (const auto& client : clients) client->stop(deadline);
    stopped = clients.size();
  }
}

Sites::Site& Sites::site_of(const Url& url) {
  Site& site = sites_[url.origin];
  if (!site.client) site.client = make_client(url, config_);
  return site;
}

std::shared_ptr<s3::Client> Sites::client_of(const Url& url) {
  const std::lock_guard lock(mutex_);
  return site_of(url).client;
}

Sites::Manners Sites::manners_of(const Url& url) {
  const std::lock_guard lock(mutex_);
  return site_of(url).manners;
}

void Sites::learn(const Url& url, Manners manners) {
  const std::lock_guard lock(mutex_);
  site_of(url).manners = manners;
}

std::optional<Url> Sites::redirected(const Url& from) {
  const std::lock_guard lock(mutex_);
  const auto found = redirects_.find(from.text());
  if (found == redirects_.end()) return std::nullopt;
  if (std::chrono::steady_clock::now() - found->second.seen < kRemembered) return found->second.to;
  redirects_.erase(found);
  return std::nullopt;
}

void Sites::remember(const Url& from, const Url& to) {
  const std::lock_guard lock(mutex_);
  if (redirects_.size() >= kMostRemembered) redirects_.clear();
  redirects_[from.text()] = {to, std::chrono::steady_clock::now()};
}

void Sites::forget(const Url& from) {
  const std::lock_guard lock(mutex_);
  redirects_.erase(from.text());
}

}  // namespace arraymorph::store::http
