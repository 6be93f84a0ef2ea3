// Copying the runs of a plan between a decoded chunk and the caller's buffer, either way. Any
// thread.
#pragma once

#include <cstddef>

#include "chunk/plan.h"

namespace arraymorph::chunk {

enum class Side { chunk, memory };

/// One end of a copy: where its elements lie, and which offsets of a run count there.
template <class Pointer>
struct RunEnd {
  Pointer base;
  Side side;
};

/// Both ends hold elements of `size` bytes.
void copy_runs(const ChunkPlan& plan, std::size_t size, RunEnd<const std::byte*> from,
               RunEnd<std::byte*> to);

/// The elements of all runs, one after the other, into `packed`.
void gather(const ChunkPlan& plan, std::size_t size, RunEnd<const std::byte*> from,
            std::byte* packed);

/// The inverse.
void scatter(const ChunkPlan& plan, std::size_t size, const std::byte* packed,
             RunEnd<std::byte*> to);

}  // namespace arraymorph::chunk
