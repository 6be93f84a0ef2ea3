#include "chunk/ranges.h"

#include <algorithm>

namespace arraymorph::chunk {
namespace {

constexpr double kAboutTheSame = 1.25;

std::uint64_t end_of(const Piece& piece) { return piece.range.offset + piece.range.length; }

// Takes `next`, which starts no earlier than `last`, into `last` when they touch or nearly so.
bool join(Piece& last, const Piece& next, std::uint64_t gap) {
  if (next.range.offset > end_of(last) + gap) return false;
  const std::uint64_t shift = next.range.offset - last.range.offset;
  last.in_one = last.in_one && next.in_one && next.range.offset == end_of(last) &&
                next.memory_offset == last.memory_offset + shift;
  last.range.length = std::max(end_of(last), end_of(next)) - last.range.offset;
  return true;
}

std::vector<Piece> sorted_and_joined(std::vector<Piece> pieces, std::uint64_t gap) {
  std::sort(pieces.begin(), pieces.end(),
            [](const Piece& a, const Piece& b) { return a.range.offset < b.range.offset; });
  std::vector<Piece> joined;
  for (const Piece& piece : pieces) {
    if (joined.empty() || !join(joined.back(), piece, gap)) joined.push_back(piece);
  }
  return joined;
}

}  // namespace

std::vector<Piece> pieces_of(const ChunkPlan& plan, std::uint64_t element_size, std::uint64_t gap,
                             std::size_t limit) {
  // Runs mostly come in order and are joined as they come; a limit on what is held before
  // sorting keeps scattered points from costing more than the chunk.
  const std::size_t most = 4 * limit;
  std::vector<Piece> pieces;
  bool ascending = true;
  for_each_run(plan, [&](const Run& run) {
    if (pieces.size() > most) return;
    const Piece piece{{run.chunk_offset * element_size, run.length * element_size},
                      run.memory_offset * element_size,
                      true};
    if (!pieces.empty()) {
      Piece& last = pieces.back();
      if (piece.range.offset < last.range.offset) {
        ascending = false;
      } else if (join(last, piece, gap)) {
        return;
      }
    }
    pieces.push_back(piece);
  });
  if (pieces.size() > most) return {};
  if (!ascending) pieces = sorted_and_joined(std::move(pieces), gap);
  if (pieces.size() > limit) pieces.clear();
  return pieces;
}

std::uint64_t cheap_gap(const LinkCost& cost) {
  return static_cast<std::uint64_t>(cost.per_request / cost.per_byte);
}

double chunk_cost(const LinkCost& cost, std::size_t together, double requests, double bytes) {
  return cost.latency / static_cast<double>(std::max<std::size_t>(together, 1)) +
         cost.transfer(requests, bytes);
}

bool whole_is_better(double whole, double ranges, double spent) {
  return whole <= kAboutTheSame * ranges || spent + ranges >= whole;
}

}  // namespace arraymorph::chunk
