#include "vol/file_state.h"

namespace arraymorph::vol {

Result<Loaded> load(ObjectStore& store, const store::Location& location) {
  GetRequest request;
  request.key = location.key + "/" + kMetadataKey;
  ARRAYMORPH_ASSIGN(GetReply reply, get(store, std::move(request)));
  auto metadata = decode_metadata(std::move(reply.body));
  if (!metadata.ok()) {
    return metadata.status().with_context(location.url() + "/" + kMetadataKey);
  }
  return Loaded{std::move(*metadata), std::move(reply.etag)};
}

}  // namespace arraymorph::vol
