// A damaged plain file whose chunk index is fetched ahead: nothing but time may come of it.
#include "vfd/chunk_index.h"

#include "fuzz/input.h"
#include "store/memory/memory_store.h"

using namespace arraymorph;

namespace {

// Where the parts of an index that HDF5 reads first may lie, and how long they may be.
void read_nodes(vfd::Blocks& blocks, const std::uint8_t* places, std::size_t count) {
  std::vector<std::byte> node;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* place = places + 3 * i;
    node.resize(std::size_t{16} << (place[2] % 10));
    fuzz::require(blocks.read(place[0] + 256u * place[1], node).ok(), "a read of memory fails");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kControl = 2 + 3 * 4;
  if (size < kControl + 1) return 0;
  const auto store = store::make_memory_store("fuzz");
  PutRequest put;
  put.key = "x";
  put.body = std::make_shared<const Buffer>(
      Buffer::copy_of(std::as_bytes(std::span(data + kControl, size - kControl))));
  vfd::PlainObject object;
  object.key = "x";
  object.size = put.body->size();
  const auto stored = arraymorph::put(*store, std::move(put));
  fuzz::require(stored.ok(), "cannot store the object");
  object.etag = stored->etag;
  const auto blocks = vfd::Blocks::open(store, std::move(object), "x", {1 << 20, true});
  const vfd::ChunkIndexFetch ahead(*blocks, {data[0] % 3 * 512u, 8}, data[1] % 33);
  read_nodes(*blocks, data + 2, 4);
  return 0;
}
