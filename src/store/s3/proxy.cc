#include "store/s3/proxy.h"

#include <cstdlib>
#include <initializer_list>

#include "runtime/log.h"

namespace arraymorph::store::s3 {

std::string proxy_words(std::string_view endpoint) {
  const bool tls = endpoint.starts_with("https:");
  for (const char* name :
       {tls ? "https_proxy" : "http_proxy", tls ? "HTTPS_PROXY" : "HTTP_PROXY"}) {
    const char* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return "; the way there is the proxy " + printable(without_secrets(value), 200) + " (" + name +
           "), unless no_proxy has the host";
  }
  return "";
}

}  // namespace arraymorph::store::s3
