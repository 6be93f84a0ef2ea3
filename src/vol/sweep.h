// Removal: datasets that lost their last link, and whole files.
#pragma once

#include "vol/file_state.h"
#include "vol/object.h"

namespace arraymorph::vol {

/// Forget catalog entries whose dataset no link reaches any more and nobody has open. Walks the
/// links of the file that holds `object`. Never stands in the way of a commit: what cannot be
/// visited is kept, told once, and looked at again by the next commit.
void sweep(FileState& file, const Object& object);

/// Delete a stored file: the metadata object first (from then on the file is gone), then the rest;
/// of a plain file its one object.
/// not_found when there is none.
Status remove_stored(FileOpening& opening);

/// Whether there is such a file, of either layout. Two small GETs, at once.
Result<bool> is_stored(FileOpening& opening);

}  // namespace arraymorph::vol
