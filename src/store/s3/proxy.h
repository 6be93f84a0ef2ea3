// The HTTP proxy that the environment names, which the engine uses by itself.
#pragma once

#include <string>
#include <string_view>

namespace arraymorph::store::s3 {

/// For messages, "; the way there is the proxy http://host:3128 (http_proxy), ..." without user and
/// password; empty where requests to `endpoint` ("http://host:port") use none. The engine reads the
/// same variables, for each new connection: https_proxy or http_proxy, then in capitals.
std::string proxy_words(std::string_view endpoint);

}  // namespace arraymorph::store::s3
