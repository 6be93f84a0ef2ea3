#include "chunk/places.h"

#include <algorithm>
#include <utility>

#include "arraymorph/object_store.h"

namespace arraymorph::chunk {
namespace {

std::string text_of(const Index& index) {
  std::string text = "(";
  for (std::size_t d = 0; d < index.size(); ++d) {
    if (d > 0) text += ", ";
    text += std::to_string(index[d]);
  }
  return text + ")";
}

// The position of a chunk in row-major order. The grid is valid, so that there is no overflow.
std::uint64_t position(const Extent& counts, const Index& index) {
  std::uint64_t at = 0;
  for (std::size_t d = 0; d < counts.size(); ++d) at = at * counts[d] + index[d];
  return at;
}

// Chunks along each axis.
Extent counts_of(const Grid& grid) {
  Extent counts;
  for (std::size_t d = 0; d < grid.dims.size(); ++d) {
    counts.push_back(grid.dims[d] / grid.chunk[d] + (grid.dims[d] % grid.chunk[d] != 0));
  }
  return counts;
}

class TablePlaces final : public Places {
 public:
  struct Row {
    std::uint64_t position;
    Place place;
  };

  TablePlaces(PlacesObject object, Extent counts, std::vector<Row> rows)
      : Places(std::move(object)), counts_(std::move(counts)), rows_(std::move(rows)) {
    for (std::size_t i = 0; i < rows_.size(); ++i) by_offset_.push_back(i);
    std::sort(by_offset_.begin(), by_offset_.end(), [&](std::size_t a, std::size_t b) {
      return rows_[a].place.offset < rows_[b].place.offset;
    });
  }

  std::optional<Place> find(const Index& index) const override {
    const std::uint64_t at = position(counts_, index);
    // Most arrays are stored whole: then a chunk's row is where its position says.
    if (at < rows_.size() && rows_[at].position == at) return rows_[at].place;
    const auto row = std::lower_bound(rows_.begin(), rows_.end(), at,
                                      [](const Row& r, std::uint64_t p) { return r.position < p; });
    if (row == rows_.end() || row->position != at) return std::nullopt;
    return row->place;
  }

  std::uint64_t count() const override { return rows_.size(); }

  std::vector<PlacedChunk> between(std::uint64_t low, std::uint64_t high) const override {
    auto at = std::lower_bound(
        by_offset_.begin(), by_offset_.end(), low,
        [&](std::size_t row, std::uint64_t offset) { return rows_[row].place.offset < offset; });
    std::vector<PlacedChunk> chunks;
    for (; at != by_offset_.end() && rows_[*at].place.offset < high; ++at) {
      chunks.push_back({index_of(rows_[*at].position), rows_[*at].place});
    }
    return chunks;
  }

 private:
  Index index_of(std::uint64_t position) const {
    Index index(counts_.size());
    for (std::size_t d = counts_.size(); d-- > 0;) {
      index[d] = position % counts_[d];
      position /= counts_[d];
    }
    return index;
  }

  const Extent counts_;  // chunks along each axis
  const std::vector<Row> rows_;
  std::vector<std::size_t> by_offset_;
};

class ContiguousPlaces final : public Places {
 public:
  ContiguousPlaces(PlacesObject object, const Grid& grid, std::uint64_t offset)
      : Places(std::move(object)), grid_(grid), counts_(counts_of(grid)), offset_(offset) {}

  // Along one axis pieces are cut; slower ones have one element of them each, faster ones are
  // whole. So every piece is one range, which the edge may shorten.
  std::optional<Place> find(const Index& index) const override {
    std::uint64_t first = 0;
    for (std::size_t d = 0; d < index.size(); ++d) {
      first = first * grid_.dims[d] + index[d] * grid_.chunk[d];
    }
    return Place{offset_ + first * grid_.element_size,
                 grid_.elements_inside(index) * grid_.element_size, 0};
  }

  std::uint64_t count() const override {
    std::uint64_t count = 1;
    for (const std::uint64_t along : counts_) count *= along;
    return count;
  }

  std::vector<PlacedChunk> between(std::uint64_t low, std::uint64_t high) const override {
    std::vector<PlacedChunk> chunks;
    Index index(counts_.size(), 0);
    for (std::uint64_t left = count(); left > 0; --left) {
      const Place place = *find(index);
      if (place.offset >= low && place.offset < high) chunks.push_back({index, place});
      for (std::size_t d = index.size(); d > 0; --d) {
        if (++index[d - 1] < counts_[d - 1]) break;
        index[d - 1] = 0;
      }
    }
    return chunks;
  }

 private:
  const Grid grid_;
  const Extent counts_;  // pieces along each axis
  const std::uint64_t offset_;
};

bool fits(const PlacesObject& object, std::uint64_t offset, std::uint64_t size) {
  return offset <= object.size && size <= object.size - offset;
}

Status damaged(const PlacesObject& object, const std::string& what) {
  return {Code::corrupt, object.name + ": " + what + "; the file is damaged or was cut short"};
}

}  // namespace

Result<std::shared_ptr<const Places>> make_places(PlacesObject object, const Grid& grid,
                                                  const std::vector<PlacedChunk>& chunks,
                                                  bool unfiltered) {
  Extent counts = counts_of(grid);
  const std::uint64_t chunk_bytes = grid.chunk_bytes();
  GetRequest whole;
  whole.expected = chunk_bytes;
  const std::uint64_t most = largest_body(whole);
  std::vector<TablePlaces::Row> rows;
  rows.reserve(chunks.size());
  for (const auto& [index, place] : chunks) {
    if (!grid.contains(index)) continue;  // behind the edge: nobody reads it
    const bool possible = unfiltered ? place.size == chunk_bytes : place.size <= most;
    const bool inside = fits(object, place.offset, place.size);
    if (!possible || !inside) {
      return damaged(object, "chunk " + text_of(index) + " is said to have " +
                                 std::to_string(place.size) + " bytes at offset " +
                                 std::to_string(place.offset) +
                                 (possible ? " of an object of " + std::to_string(object.size)
                                           : ", decoded it has " + std::to_string(chunk_bytes)));
    }
    rows.push_back({position(counts, index), place});
  }
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.position < b.position; });
  const auto twice = std::adjacent_find(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.position == b.position;
  });
  if (twice != rows.end()) return damaged(object, "its index names one chunk twice");
  return std::shared_ptr<const Places>(
      std::make_shared<TablePlaces>(std::move(object), std::move(counts), std::move(rows)));
}

Result<std::shared_ptr<const Places>> make_contiguous_places(PlacesObject object, const Grid& grid,
                                                             std::uint64_t offset) {
  std::uint64_t bytes = grid.element_size;
  for (const std::uint64_t extent : grid.dims) bytes *= extent;
  if (!fits(object, offset, bytes)) {
    return damaged(object, "an array of " + std::to_string(bytes) + " bytes at offset " +
                               std::to_string(offset) + " of an object of " +
                               std::to_string(object.size));
  }
  return std::shared_ptr<const Places>(
      std::make_shared<ContiguousPlaces>(std::move(object), grid, offset));
}

}  // namespace arraymorph::chunk
