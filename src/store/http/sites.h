// The web servers that one store talks to: the one it is named after, and where that one redirects.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "runtime/config.h"
#include "store/http/url.h"
#include "store/s3/client.h"

namespace arraymorph::store::http {

class Sites {
 public:
  explicit Sites(const Config& config) : config_(config) {}
  /// Ends every client, and with them the requests under way.
  void stop();

  /// One client per server, made when it is first needed.
  std::shared_ptr<s3::Client> client_of(const Url& url);

  /// Where `key` of `origin` was found a short time ago behind redirects, so that not every range
  /// of a file goes through them.
  std::optional<Url> redirected(const Url& from);
  void remember(const Url& from, const Url& to);
  void forget(const Url& from);

  /// What is known about a server.
  struct Manners {
    bool ranges = false;  ///< it has sent the range that it was asked for
    bool tags = true;     ///< it has not left out an entity tag
  };
  Manners manners_of(const Url& url);
  void learn(const Url& url, Manners manners);

 private:
  struct Site {
    std::shared_ptr<s3::Client> client;
    Manners manners;
  };
  struct Redirect {
    Url to;
    std::chrono::steady_clock::time_point seen;
  };

  Site& site_of(const Url& url);

  const Config config_;
  std::mutex mutex_;
  std::map<std::string, Site> sites_;          // by origin
  std::map<std::string, Redirect> redirects_;  // by URL
};

}  // namespace arraymorph::store::http
