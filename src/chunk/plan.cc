#include "chunk/plan.h"

#include <algorithm>
#include <unordered_map>

namespace arraymorph::chunk {
namespace {

// The grid with trailing dimensions that a chunk spans whole joined to the next slower one, so
// that a run may cross their rows.
struct Folded {
  Extent dims;
  Extent chunk;
  Extent counts;  ///< chunks per dimension

  explicit Folded(const Grid& grid) : dims(grid.dims), chunk(grid.chunk) {
    while (dims.size() > 1 && dims.back() == chunk.back()) {
      dims[dims.size() - 2] *= dims.back();
      chunk[chunk.size() - 2] *= chunk.back();
      dims.pop_back();
      chunk.pop_back();
    }
    if (dims.empty()) {
      dims = {1};
      chunk = {1};
    }
    for (std::size_t d = 0; d < dims.size(); ++d) {
      counts.push_back(dims[d] / chunk[d] + (dims[d] % chunk[d] != 0));
    }
  }
};

// Hands out the memory selection piece by piece.
class MemoryWalk {
 public:
  explicit MemoryWalk(std::span<const Sequence> sequences) : rest_(sequences) { skip_empty(); }

  std::uint64_t offset() const { return rest_.front().offset + used_; }
  std::uint64_t available() const { return rest_.front().length - used_; }
  void advance(std::uint64_t length) {
    used_ += length;
    if (used_ == rest_.front().length) {
      rest_ = rest_.subspan(1);
      used_ = 0;
      skip_empty();
    }
  }

 private:
  void skip_empty() {
    while (!rest_.empty() && rest_.front().length == 0) rest_ = rest_.subspan(1);
  }

  std::span<const Sequence> rest_;
  std::uint64_t used_ = 0;
};

// Chunk number to position in the list of plans. A table of all chunks where most of them may be
// wanted, so that scattered points cost one access each; its size never exceeds the selection's by
// much.
class Positions {
 public:
  Positions(const Extent& counts, std::size_t sequences) {
    const std::uint64_t limit = std::min<std::uint64_t>(4 * std::uint64_t{sequences}, kNone);
    std::uint64_t chunks = 1;
    for (const std::uint64_t count : counts) {
      if (count > limit || chunks * count > limit) return;
      chunks *= count;
    }
    dense_.assign(chunks, kNone);
  }

  /// The position of `number`, or `next`, which it is given.
  std::size_t find(std::uint64_t number, std::size_t next) {
    if (dense_.empty()) return sparse_.try_emplace(number, next).first->second;
    std::uint32_t& position = dense_[number];
    if (position == kNone) position = static_cast<std::uint32_t>(next);
    return position;
  }

 private:
  static constexpr std::uint32_t kNone = ~0u;

  std::vector<std::uint32_t> dense_;
  std::unordered_map<std::uint64_t, std::size_t> sparse_;
};

class Planner {
 public:
  Planner(const Grid& grid, std::size_t sequences, std::span<const Sequence> memory)
      : rank_(grid.dims.size()),
        folded_(grid),
        memory_(memory),
        at_(folded_.dims.size()),
        positions_(folded_.counts, sequences) {}

  void add(const Sequence& sequence) {
    seek(sequence.offset);
    std::uint64_t left = sequence.length;
    const std::size_t last = at_.size() - 1;
    while (left > 0) {
      const std::uint64_t in_chunk = at_[last] % folded_.chunk[last];
      const std::uint64_t length =
          std::min({left, folded_.chunk[last] - in_chunk, folded_.dims[last] - at_[last]});
      add_piece(length);
      left -= length;
      at_[last] += length;
      if (at_[last] == folded_.dims[last]) next_row();
    }
  }

  std::vector<ChunkPlan> take() { return std::move(plans_); }

 private:
  void seek(std::uint64_t offset) {
    for (std::size_t d = at_.size(); d-- > 0;) {
      at_[d] = offset % folded_.dims[d];
      offset /= folded_.dims[d];
    }
  }

  void next_row() {
    at_.back() = 0;
    for (std::size_t d = at_.size() - 1; d-- > 0;) {
      if (++at_[d] < folded_.dims[d]) return;
      at_[d] = 0;
    }
  }

  // A piece lies in one row of one chunk; the memory selection may cut it further.
  void add_piece(std::uint64_t length) {
    std::uint64_t number = 0;
    std::uint64_t offset = 0;
    for (std::size_t d = 0; d < at_.size(); ++d) {
      number = number * folded_.counts[d] + at_[d] / folded_.chunk[d];
      offset = offset * folded_.chunk[d] + at_[d] % folded_.chunk[d];
    }
    ChunkPlan& plan = find(number);
    plan.elements += length;
    while (length > 0) {
      const std::uint64_t part = std::min(length, memory_.available());
      append(plan.runs, {offset, memory_.offset(), part});
      memory_.advance(part);
      offset += part;
      length -= part;
    }
  }

  static void append(std::vector<Run>& runs, const Run& run) {
    if (!runs.empty()) {
      Run& last = runs.back();
      if (last.chunk_offset + last.length == run.chunk_offset &&
          last.memory_offset + last.length == run.memory_offset) {
        last.length += run.length;
        return;
      }
    }
    runs.push_back(run);
  }

  ChunkPlan& find(std::uint64_t number) {
    if (last_plan_ < plans_.size() && last_number_ == number) return plans_[last_plan_];
    last_number_ = number;
    last_plan_ = positions_.find(number, plans_.size());
    if (last_plan_ == plans_.size()) {
      plans_.emplace_back().index.assign(rank_, 0);
      for (std::size_t d = 0; d < rank_ && d < at_.size(); ++d) {
        plans_.back().index[d] = at_[d] / folded_.chunk[d];
      }
    }
    return plans_[last_plan_];
  }

  std::size_t rank_;
  Folded folded_;
  MemoryWalk memory_;
  Index at_;  ///< position of the walk in the folded extent
  std::vector<ChunkPlan> plans_;
  Positions positions_;
  std::uint64_t last_number_ = 0;
  std::size_t last_plan_ = 0;
};

}  // namespace

Result<std::vector<ChunkPlan>> plan(const Grid& grid, std::span<const Sequence> file,
                                    std::span<const Sequence> memory, bool unique) {
  std::uint64_t elements = 1;
  for (const std::uint64_t extent : grid.dims) elements *= extent;
  std::uint64_t in_file = 0;
  for (const Sequence& sequence : file) {
    if (sequence.offset > elements || sequence.length > elements - sequence.offset) {
      return Status(Code::invalid_argument, "file selection leaves the extent");
    }
    in_file += sequence.length;
  }
  std::uint64_t in_memory = 0;
  for (const Sequence& sequence : memory) in_memory += sequence.length;
  if (in_file != in_memory) {
    return Status(Code::invalid_argument, "file selection has " + std::to_string(in_file) +
                                              " elements, memory selection " +
                                              std::to_string(in_memory));
  }
  Planner planner(grid, file.size(), memory);
  for (const Sequence& sequence : file) {
    if (sequence.length > 0) planner.add(sequence);
  }
  std::vector<ChunkPlan> plans = planner.take();
  if (unique) {
    for (ChunkPlan& p : plans) p.covers_chunk = p.elements == grid.elements_inside(p.index);
  }
  return plans;
}

}  // namespace arraymorph::chunk
