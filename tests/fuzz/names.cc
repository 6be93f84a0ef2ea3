// Names: chunk keys there and back, keys, file names and URLs, chunks of a contiguous array.
#include "chunk/grid.h"
#include "fuzz/input.h"
#include "store/key.h"
#include "store/locate.h"
#include "vol/prefix.h"

using namespace arraymorph;

namespace {

void chunk_keys(fuzz::Input input) {
  const std::size_t rank = input.up_to(6);
  const std::string prefix = input.text(input.up_to(20));
  chunk::Index index;
  for (std::size_t d = 0; d < rank; ++d) index.push_back(input.number(1 + input.up_to(7)));
  for (const char* tag : {"", "1f03ab7c-12"}) {
    const auto same = chunk::parse_chunk_key(prefix, chunk::chunk_key(prefix, index, tag), rank);
    fuzz::require(same && same->index == index && same->tag == tag,
                  "a chunk's key leads to another chunk");
  }
  const std::string key = (prefix.empty() ? "" : prefix + "/") + std::string(input.rest_text());
  if (const auto found = chunk::parse_chunk_key(prefix, key, rank)) {
    fuzz::require(found->index.size() == rank, "an index of another rank");
    fuzz::require(chunk::chunk_key(prefix, found->index, found->tag) == key,
                  "one chunk has two keys");
  }
}

void locations(fuzz::Input input) {
  Config config;
  config.platform = static_cast<Platform>(input.up_to(3));
  if (input.byte() % 2 == 0) config.bucket = "bucket";
  constexpr const char* kRoots[] = {"", "/", "/data", "/data/a"};
  config.root = kRoots[input.up_to(3)];
  const auto found = store::locate(input.rest_text(), config);
  if (!found.ok() || !*found) return;
  const store::Location& location = **found;
  fuzz::require(store::check_key(location.key).ok(), "a key that no store accepts");
  if (location.kind == store::Location::Kind::local) {
    fuzz::require(location.container.starts_with('/') &&
                      (location.container + "/").find("/../") == std::string::npos,
                  "a directory that is not absolute");
  }
  // The same file has the same URL, whichever way it was named.
  const auto again = store::locate(location.url(), config);
  fuzz::require(again.ok() && *again, "a URL of ours is not understood");
  fuzz::require((*again)->url() == location.url(), "a URL that leads elsewhere");
}

void prefixes(fuzz::Input input) {
  vol::PrefixSet set;
  if (input.byte() % 2 == 0) set.tag_new("0a1b2c3d");
  std::string_view rest = input.rest_text();
  for (int i = 0; i < 4; ++i) {
    const std::string_view path = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), path.size() + 1));
    const std::string prefix = set.claim(path);
    fuzz::require(store::check_key(prefix).ok(), "a prefix that no store accepts");
    fuzz::require(!prefix.starts_with('.'), "a prefix in our own folder");
  }
}

void splits(fuzz::Input input) {
  chunk::Grid grid;
  const std::size_t rank = input.up_to(8);
  grid.element_size = input.number(2);
  const std::uint64_t target = input.number(4);
  for (std::size_t d = 0; d < rank; ++d) grid.dims.push_back(input.number(1 + input.up_to(7)));
  grid.chunk = chunk::split_contiguous(grid.dims, grid.element_size, target);
  for (const std::uint64_t extent : grid.chunk) fuzz::require(extent > 0, "a chunk of nothing");
  if (!chunk::validate(grid).ok()) return;
  fuzz::require(grid.chunk_bytes() <= std::max(target, grid.element_size), "a piece too large");
  chunk::Index index(rank, 0);
  for (std::size_t d = 0; d < rank; ++d) index[d] = input.number(1 + input.up_to(7));
  fuzz::require((grid.elements_inside(index) > 0) == grid.contains(index), "a chunk out of bounds");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.up_to(3)) {
    case 0:
      chunk_keys(input);
      break;
    case 1:
      locations(input);
      break;
    case 2:
      prefixes(input);
      break;
    default:
      splits(input);
      break;
  }
  return 0;
}
