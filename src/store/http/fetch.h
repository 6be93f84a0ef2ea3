// One GET of a plain file: redirects are followed, and remembered.
#pragma once

#include <memory>

#include "arraymorph/object_store.h"
#include "store/http/sites.h"
#include "store/http/url.h"
#include "store/s3/request.h"

namespace arraymorph::store::http {

/// `request` of `url` (its key does not count). The answer's entity tag is the time of the last
/// change where the server sends no tag.
void fetch(const std::shared_ptr<Sites>& sites, const Url& url, GetRequest request,
           Done<s3::Answer> done);

}  // namespace arraymorph::store::http
