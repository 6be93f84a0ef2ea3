// Missing objects: is the chunk the fill value, or has its object gone with the file that was
// opened?
#pragma once

#include <span>
#include <vector>

#include "chunk/state.h"

namespace arraymorph::chunk {

/// A chunk that the last commit may have, whose object is not there.
struct MissingChunk {
  ArrayState* array = nullptr;
  Index index;
};

/// Ok: these chunks are the fill value. conflict: the file or the dataset was replaced since it was
/// opened, or the object given up by a later commit. Asks once for each file, and not at all about
/// chunks that are known never to have had an object. With the mutex held; releases it meanwhile.
Status confirm_missing(std::span<const MissingChunk> missing, Lock& lock);

/// The same for what a listing of the array, made just now, does not show.
Status confirm_listing(ArrayState& array, const std::vector<StoredChunk>& listed, Lock& lock);

}  // namespace arraymorph::chunk
