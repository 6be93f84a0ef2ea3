// The filter pipeline with ARRAYMORPH_FUZZ_FILTERS (ids), one program for each filter: stored bytes
// of any kind into memory of a fixed size, and any data there and back. Input: element size, then
// for each filter how many parameters and these, filter mask, decoded size, bytes.
#include "arraymorph/codec.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "fuzz/input.h"

using namespace arraymorph;

namespace {

constexpr int kFilters[] = {ARRAYMORPH_FUZZ_FILTERS};

// Small numbers are the interesting ones; one selector in eight gives any.
unsigned parameter(fuzz::Input& input) {
  const std::uint8_t selector = input.byte();
  return static_cast<unsigned>(selector < 224 ? selector : input.number(4));
}

/// Memory that is taken next holds this byte, wherever it is not written.
void leave_behind(std::byte byte) {
  for (std::size_t size = 16; size <= std::size_t{256} << 10; size *= 2) {
    Buffer buffer(size);
    std::fill_n(buffer.data(), size, byte);
  }
}

/// What is decoded comes from `stored` alone: never from what lay in memory before.
void decode(const ChunkCodec& codec, ConstByteSpan stored, std::uint32_t mask, std::size_t size) {
  Buffer first;
  for (const std::byte before : {std::byte{0x55}, std::byte{0xaa}}) {
    Buffer decoded(size);
    std::fill_n(decoded.data(), size, before);
    leave_behind(before);
    const Status status = codec.decode_into(stored, mask, decoded.span());
    if (!status.ok()) {
      fuzz::require(!status.message().empty(), "an error without a message");
      fuzz::require(first.empty(), "an error at the second time only");
      return;
    }
    fuzz::require(first.empty() || std::memcmp(first.data(), decoded.data(), size) == 0,
                  "decoded bytes that were not stored");
    first = std::move(decoded);
  }
}

void there_and_back(const ChunkCodec& codec, ConstByteSpan data) {
  const auto encoded = codec.encode(data);
  if (!encoded.ok()) {
    fuzz::require(encoded.status().code() == Code::unsupported, "a chunk that cannot be encoded");
    return;
  }
  Buffer decoded(data.size());
  const Status status =
      codec.decode_into(encoded->bytes.span(), encoded->filter_mask, decoded.span());
  fuzz::require(status.ok(), "a chunk that cannot be decoded");
  fuzz::require(data.empty() || std::memcmp(decoded.data(), data.data(), data.size()) == 0,
                "a chunk that changed");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::size_t element = 1 + input.up_to(254);
  std::vector<FilterSpec> filters;
  for (const int id : kFilters) {
    FilterSpec spec{id, input.byte() % 2 == 0, {}, ""};
    const std::size_t count = input.up_to(7);
    for (std::size_t i = 0; i < count; ++i) spec.parameters.push_back(parameter(input));
    filters.push_back(std::move(spec));
  }
  const auto mask = static_cast<std::uint32_t>(input.byte());
  const auto decoded_size = static_cast<std::size_t>(input.number(2));
  const auto codec = make_builtin_codec(filters, element);
  if (codec == nullptr) return 0;
  decode(*codec, input.rest(), mask, decoded_size);
  there_and_back(*codec, input.rest());
  return 0;
}
