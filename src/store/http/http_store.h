// Plain files on web servers: presigned and public URLs, for reading.
#pragma once

#include <memory>
#include <string>

#include "arraymorph/object_store.h"
#include "runtime/config.h"

namespace arraymorph::store {

/// Everything that makes two stores of one process differ.
std::string http_identity(const std::string& origin, const Config& config);

/// `origin` is "https://host" or "http://host:port"; keys are paths with their queries, as they go
/// over the wire. Never sends credentials, and only GET, the method that URLs are presigned for:
/// head() asks for the first byte. Follows up to 5 redirects, but never from https to http.
/// Whatever would change something, and list(), is Code::unsupported. GetReply::etag is the time of
/// the last change where the server sends no entity tag. Sends nothing before the first verb.
std::shared_ptr<ObjectStore> make_http_store(const std::string& origin, const Config& config);

}  // namespace arraymorph::store
