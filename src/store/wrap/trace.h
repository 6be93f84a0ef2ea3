// Writes every request to the trace (runtime/trace.h) while there is one.
#pragma once

#include <memory>

#include "arraymorph/object_store.h"

namespace arraymorph::store {

/// A line per verb, retries included in its time: {"pid", "verb": "get" | "put" | "head" | "list" |
/// "remove" | "copy", "url": of the object, or what a list starts with, "offset" and "length": of a
/// range that was asked for, "bytes": of the body, "objects": in a list or to remove, "status":
/// "ok" or what went wrong, "start", "end": seconds}.
std::shared_ptr<ObjectStore> with_trace(std::shared_ptr<ObjectStore> store);

}  // namespace arraymorph::store
