// A catalog is refused or understood, and what was understood survives being written and read.
#include "vol/catalog.h"

#include "fuzz/input.h"

using namespace arraymorph;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto first = vol::catalog_from_json({reinterpret_cast<const char*>(data), size});
  if (!first.ok()) {
    fuzz::require(!first.status().message().empty(), "an error without a message");
    return 0;
  }
  const std::string text = vol::to_json(*first);
  const auto second = vol::catalog_from_json(text);
  fuzz::require(second.ok(), "the catalog does not read what it wrote");
  fuzz::require(*second == *first, "the catalog changed on the way");
  fuzz::require(vol::to_json(*second) == text, "one catalog has two spellings");
  fuzz::require(first->stored_by(*first), "a catalog differs from itself");
  return 0;
}
