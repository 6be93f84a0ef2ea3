// The answer to ListObjectsV2, as a page of objects.
#pragma once

#include <string>
#include <string_view>

#include "arraymorph/object_store.h"

namespace arraymorph::store::s3 {

/// Untrusted input: anything malformed, and keys that were not asked for, are Code::corrupt, so
/// that nobody removes what lies elsewhere or asks for the same page for ever. `what` is for
/// messages.
Result<ListReply> read_list(std::string_view document, const ListRequest& request,
                            const std::string& what);

}  // namespace arraymorph::store::s3
