#include "vol/file_state.h"

namespace arraymorph::vol {

Result<std::optional<Loaded>> load(ObjectStore& store, const store::Location& location) {
  GetRequest request;
  request.key = location.key + "/" + kMetadataKey;
  auto reply = get(store, std::move(request));
  if (!reply.ok()) {
    // A missing bucket is not a missing file: its message says so, keep it.
    if (reply.status().code() == Code::not_found) return std::optional<Loaded>();
    return reply.status();
  }
  auto metadata = decode_metadata(std::move(reply->body));
  if (!metadata.ok()) {
    return metadata.status().with_context(location.url() + "/" + kMetadataKey);
  }
  return std::optional<Loaded>(Loaded{std::move(*metadata), std::move(reply->etag)});
}

}  // namespace arraymorph::vol
