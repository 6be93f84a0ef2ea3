// Copying the runs of a chunk plan between a decoded chunk and the caller's buffer, either way.
#pragma once

#include <cstdint>

#include "arraymorph/buffer.h"
#include "chunk/plan.h"
#include "hdf5/datatype.h"

namespace arraymorph::vol {

/// One end of a copy: where its elements lie and which offset of a run counts there.
template <class Pointer>
struct RunEnd {
  Pointer base;
  std::uint64_t chunk::Run::* offset;
};
using RunSource = RunEnd<const std::byte*>;
using RunTarget = RunEnd<std::byte*>;

/// Both ends hold elements of `size` bytes. Any thread.
void copy_runs(const chunk::ChunkPlan& plan, std::size_t size, RunSource from, RunTarget to);

/// Gathers, converts and scatters; only on the thread that holds HDF5's lock. `keeps_old`: the
/// conversion may keep parts of the old target elements (compound field subsets).
Status convert_runs(const chunk::ChunkPlan& plan, hdf5::Converter& converter, bool keeps_old,
                    RunSource from, RunTarget to);

}  // namespace arraymorph::vol
