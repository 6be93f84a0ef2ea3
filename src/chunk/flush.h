// Flushing arrays: shared by flush, refresh, stored and the raw chunk calls.
#pragma once

#include <span>

#include "chunk/state.h"

namespace arraymorph::chunk {

/// Store every dirty chunk.
Status flush_array(ArrayState& array);

/// The same for several, their requests in flight together; the first failure, after all have been
/// tried.
Status flush_together(std::span<ArrayState* const> arrays);

/// Store one chunk when it is dirty; returns when it is at rest.
Status flush_chunk(ArrayState& array, const Index& index, Lock& lock);

/// Drop everything cached; nothing may be in flight. With the mutex held.
void drop_all(ArrayState& array);

/// Every chunk that has an object under its key, inside the extent or not, given up or not.
Result<std::vector<StoredChunk>> list_chunks(ArrayState& array);

/// The object of a version is not there.
Status missing_version(const Status& answer);

}  // namespace arraymorph::chunk
