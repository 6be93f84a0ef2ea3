#include "chunk/copy.h"

#include <cstring>

namespace arraymorph::chunk {
namespace {

// Offsets and steps of one end, in elements. A packed end has its elements one after the other.
class End {
 public:
  explicit End(Side side)
      : offset_(side == Side::chunk ? &Run::chunk_offset : &Run::memory_offset),
        step_(side == Side::chunk ? &Series::chunk_step : &Series::memory_step) {}
  std::uint64_t offset(const Run& run) { return run.*offset_; }
  std::uint64_t step(const Series& series) const { return series.*step_; }

 private:
  std::uint64_t Run::* offset_;
  std::uint64_t Series::* step_;
};

class Packed {
 public:
  std::uint64_t offset(const Run& run) {
    const std::uint64_t at = next_;
    next_ += run.length;
    return at;
  }
  // A series takes the room of all its runs; its first run has been counted by offset().
  std::uint64_t step(const Series& series) {
    next_ += (series.count - 1) * series.first.length;
    return series.first.length;
  }

 private:
  std::uint64_t next_ = 0;
};

// Runs of a size known at compile time are moved through registers.
template <std::size_t Bytes>
void copy_fixed(const std::byte* from, std::size_t from_step, std::byte* to, std::size_t to_step,
                std::uint64_t count) {
  for (; count > 0; --count, from += from_step, to += to_step) std::memcpy(to, from, Bytes);
}

void copy_series(const std::byte* from, std::size_t from_step, std::byte* to, std::size_t to_step,
                 std::size_t bytes, std::uint64_t count) {
  switch (bytes) {
    case 1:
      return copy_fixed<1>(from, from_step, to, to_step, count);
    case 2:
      return copy_fixed<2>(from, from_step, to, to_step, count);
    case 4:
      return copy_fixed<4>(from, from_step, to, to_step, count);
    case 8:
      return copy_fixed<8>(from, from_step, to, to_step, count);
    case 16:
      return copy_fixed<16>(from, from_step, to, to_step, count);
    default:
      for (; count > 0; --count, from += from_step, to += to_step) std::memcpy(to, from, bytes);
  }
}

// Single elements, as point selections have them, need no call of memcpy.
template <std::size_t Size, class From, class To>
void copy_listed(const std::vector<Run>& runs, const std::byte* from, From from_end, std::byte* to,
                 To to_end) {
  for (const Run& run : runs) {
    const std::byte* const source = from + from_end.offset(run) * Size;
    std::byte* const target = to + to_end.offset(run) * Size;
    if (run.length == 1) {
      std::memcpy(target, source, Size);
    } else {
      std::memcpy(target, source, run.length * Size);
    }
  }
}

template <class From, class To>
void copy_listed(const std::vector<Run>& runs, std::size_t size, const std::byte* from,
                 From from_end, std::byte* to, To to_end) {
  switch (size) {
    case 1:
      return copy_listed<1>(runs, from, from_end, to, to_end);
    case 2:
      return copy_listed<2>(runs, from, from_end, to, to_end);
    case 4:
      return copy_listed<4>(runs, from, from_end, to, to_end);
    case 8:
      return copy_listed<8>(runs, from, from_end, to, to_end);
    case 16:
      return copy_listed<16>(runs, from, from_end, to, to_end);
    default:
      for (const Run& run : runs) {
        std::memcpy(to + to_end.offset(run) * size, from + from_end.offset(run) * size,
                    run.length * size);
      }
  }
}

template <class From, class To>
void copy(const ChunkPlan& plan, std::size_t size, const std::byte* from, From from_end,
          std::byte* to, To to_end) {
  copy_listed(plan.runs, size, from, from_end, to, to_end);
  for (const Pattern& pattern : plan.patterns) {
    for_each_series(pattern, [&](const Series& series) {
      const std::byte* const source = from + from_end.offset(series.first) * size;
      std::byte* const target = to + to_end.offset(series.first) * size;
      copy_series(source, from_end.step(series) * size, target, to_end.step(series) * size,
                  series.first.length * size, series.count);
    });
  }
}

}  // namespace

void copy_runs(const ChunkPlan& plan, std::size_t size, RunEnd<const std::byte*> from,
               RunEnd<std::byte*> to) {
  copy(plan, size, from.base, End(from.side), to.base, End(to.side));
}

void gather(const ChunkPlan& plan, std::size_t size, RunEnd<const std::byte*> from,
            std::byte* packed) {
  copy(plan, size, from.base, End(from.side), packed, Packed());
}

void scatter(const ChunkPlan& plan, std::size_t size, const std::byte* packed,
             RunEnd<std::byte*> to) {
  copy(plan, size, packed, Packed(), to.base, End(to.side));
}

}  // namespace arraymorph::chunk
