// Ranges: which bytes of an unfiltered chunk's object a call asks for. Pure arithmetic.
#pragma once

#include <cstdint>
#include <vector>

#include "arraymorph/object_store.h"
#include "chunk/link.h"
#include "chunk/plan.h"

namespace arraymorph::chunk {

/// Consecutive bytes of a chunk, and where they lie in the caller's buffer if they lie there in
/// one piece and in the same order.
struct Piece {
  ByteRange range;                  ///< bytes of the chunk
  std::uint64_t memory_offset = 0;  ///< bytes from the start of the caller's buffer
  bool in_one = false;              ///< memory_offset holds for all of `range`
};

/// The runs of `plan` as pieces, ascending, none overlapping; runs less than `gap` bytes apart are
/// joined. Empty when there would be more than `limit` of them.
std::vector<Piece> pieces_of(const ChunkPlan& plan, std::uint64_t element_size, std::uint64_t gap,
                             std::size_t limit);

/// The gap that is cheaper to read than another request.
std::uint64_t cheap_gap(const LinkCost& cost);

/// What fetching one of the `together` chunks of a call takes, its share of the latency included.
double chunk_cost(const LinkCost& cost, std::size_t together, double requests, double bytes);

/// Take the whole chunk rather than ranges of it? Yes when that costs about the same, and when
/// the ranges asked of this chunk before (`spent` seconds) and now would by now have paid for it:
/// so small reads of one chunk cost at most about twice what the better choice would have cost,
/// and end in the cache.
bool whole_is_better(double whole, double ranges, double spent);

}  // namespace arraymorph::chunk
