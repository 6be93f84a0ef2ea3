// Converting the runs of a chunk plan between a decoded chunk and the caller's buffer, either way.
#pragma once

#include "chunk/copy.h"
#include "hdf5/datatype.h"

namespace arraymorph::vol {

using RunSource = chunk::RunEnd<const std::byte*>;
using RunTarget = chunk::RunEnd<std::byte*>;

/// Gathers, converts and scatters; only on the thread that holds HDF5's lock. `keeps_old`: the
/// conversion may keep parts of the old target elements (compound field subsets).
Status convert_runs(const chunk::ChunkPlan& plan, hdf5::Converter& converter, bool keeps_old,
                    RunSource from, RunTarget to);

}  // namespace arraymorph::vol
