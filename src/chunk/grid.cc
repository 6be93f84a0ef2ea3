#include "chunk/grid.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace arraymorph::chunk {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();

// False when the product leaves 63 bits.
bool multiply(std::uint64_t& product, std::uint64_t factor) {
  if (factor != 0 && product > kMax / factor) return false;
  product *= factor;
  return true;
}

std::string key_root(std::string_view prefix) {
  return prefix.empty() ? "c" : std::string(prefix) + "/c";
}

}  // namespace

std::uint64_t Grid::chunk_elements() const {
  std::uint64_t count = 1;
  for (const std::uint64_t extent : chunk) count *= extent;
  return count;
}

std::uint64_t Grid::chunk_bytes() const { return chunk_elements() * element_size; }

std::uint64_t Grid::elements_inside(const Index& index) const {
  if (!contains(index)) return 0;
  std::uint64_t count = 1;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    count *= std::min(chunk[d], dims[d] - index[d] * chunk[d]);
  }
  return count;
}

bool Grid::contains(const Index& index) const {
  if (index.size() != dims.size()) return false;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (dims[d] == 0 || index[d] > (dims[d] - 1) / chunk[d]) return false;
  }
  return true;
}

Status validate(const Grid& grid) {
  if (grid.dims.size() != grid.chunk.size()) {
    return {Code::invalid_argument, "rank " + std::to_string(grid.dims.size()) +
                                        " does not match chunk rank " +
                                        std::to_string(grid.chunk.size())};
  }
  if (grid.element_size == 0) return {Code::invalid_argument, "element size 0"};
  std::uint64_t chunk_bytes = grid.element_size;
  std::uint64_t array_bytes = grid.element_size;
  for (std::size_t d = 0; d < grid.dims.size(); ++d) {
    if (grid.chunk[d] == 0) {
      return {Code::invalid_argument, "chunk extent 0 in dimension " + std::to_string(d)};
    }
    if (!multiply(chunk_bytes, grid.chunk[d])) {
      return {Code::invalid_argument, "chunk size overflows"};
    }
    // An empty dimension must not hide the overflow of the others.
    if (!multiply(array_bytes, std::max<std::uint64_t>(grid.dims[d], 1))) {
      return {Code::invalid_argument, "array size overflows"};
    }
  }
  if (chunk_bytes > kMostChunkBytes) {
    return {Code::invalid_argument, "chunks of " + std::to_string(chunk_bytes) +
                                        " bytes; at most " + std::to_string(kMostChunkBytes)};
  }
  return {};
}

std::string chunk_key(std::string_view prefix, const Index& index, std::string_view tag) {
  std::string key = key_root(prefix);
  if (!tag.empty()) key.append(1, '~').append(tag);
  for (const std::uint64_t i : index) {
    key += '/';
    key += std::to_string(i);
  }
  return key;
}

bool valid_tag(std::string_view tag) {
  constexpr std::size_t kLongest = 64;
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  };
  return !tag.empty() && tag.size() <= kLongest && std::all_of(tag.begin(), tag.end(), plain);
}

std::optional<ChunkName> parse_chunk_key(std::string_view prefix, std::string_view key,
                                         std::size_t rank) {
  const std::string root = key_root(prefix);
  if (!key.starts_with(root)) return std::nullopt;
  key.remove_prefix(root.size());
  ChunkName name;
  if (key.starts_with('~')) {
    name.tag = key.substr(1, key.find('/') - 1);
    if (!valid_tag(name.tag)) return std::nullopt;
    key.remove_prefix(1 + name.tag.size());
  }
  while (!key.empty()) {
    if (key.front() != '/' || name.index.size() == rank) return std::nullopt;
    key.remove_prefix(1);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), value);
    const auto digits = static_cast<std::size_t>(end - key.data());
    // One spelling per chunk: "007" is not the key of chunk 7.
    if (error != std::errc() || (digits > 1 && key.front() == '0')) return std::nullopt;
    key.remove_prefix(digits);
    name.index.push_back(value);
  }
  if (name.index.size() != rank) return std::nullopt;
  return name;
}

Extent split_contiguous(const Extent& dims, std::uint64_t element_size,
                        std::uint64_t target_bytes) {
  Extent chunk(dims.size(), 1);
  std::uint64_t fit =
      std::max<std::uint64_t>(target_bytes / std::max<std::uint64_t>(element_size, 1), 1);
  for (std::size_t d = dims.size(); d-- > 0;) {
    const std::uint64_t extent = std::max<std::uint64_t>(dims[d], 1);
    if (extent > fit) {
      // Pieces of even size, so that the last one is not mostly padding.
      const std::uint64_t pieces = extent / fit + (extent % fit != 0);
      chunk[d] = extent / pieces + (extent % pieces != 0);
      break;
    }
    chunk[d] = extent;
    fit /= extent;
  }
  return chunk;
}

}  // namespace arraymorph::chunk
