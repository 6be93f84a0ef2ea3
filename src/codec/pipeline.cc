// The pipeline of built-in filters: in order on encode, in reverse on decode.
#include <algorithm>
#include <array>

#include "codec/filter.h"
#include "codec/scratch.h"

namespace arraymorph {
namespace {

// The filter mask has one bit per filter; HDF5 allows no more filters (H5Z_MAX_NFILTERS).
constexpr std::size_t kMaxFilters = 32;

// Between filters no more bytes than so many times the chunk: dozens of filters, each of which may
// make more of it, would ask for any amount of memory.
constexpr std::size_t kMostGrowth = 1024;
constexpr std::size_t kLeastRoom = std::size_t{1} << 20;

struct Step {
  std::unique_ptr<const codec::Filter> run;
  int id = 0;
  bool optional = false;
};

class BuiltinCodec final : public ChunkCodec {
 public:
  explicit BuiltinCodec(std::vector<Step> steps) : steps_(std::move(steps)) {}

  bool runs_anywhere() const noexcept override { return true; }
  bool identity() const noexcept override { return steps_.empty(); }

  Result<EncodedChunk> encode(ConstByteSpan decoded) const override {
    codec::Scratch scratch;
    std::size_t free_area = 0;
    ConstByteSpan bytes = decoded;
    std::uint32_t mask = 0;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const codec::Filter& filter = *steps_[i].run;
      const std::size_t room = filter.max_encoded(bytes.size());
      // Where the size is known the last filter writes what is kept; else that is copied out.
      Buffer whole;
      if (i + 1 == steps_.size() && filter.fixed_size()) whole = Buffer(room);
      const ByteSpan out = whole.empty() ? scratch.area(free_area, room) : whole.span();
      ARRAYMORPH_ASSIGN(const std::size_t size, filter.encode(bytes, out));
      if (size == codec::Filter::kSkipped) {
        if (!steps_[i].optional) return no_gain(i);
        mask |= 1u << i;
        continue;
      }
      if (!whole.empty()) return EncodedChunk{std::move(whole), mask};
      bytes = out.first(size);
      free_area = 1 - free_area;
    }
    return EncodedChunk{Buffer::copy_of(bytes), mask};
  }

  Status decode_into(ConstByteSpan stored, std::uint32_t filter_mask,
                     ByteSpan into) const override {
    const auto applied = [&](std::size_t i) { return (filter_mask >> i & 1u) == 0; };
    // limits[i]: the most bytes that went into filter i; the last: that can be stored.
    std::array<std::size_t, kMaxFilters + 1> limits{into.size()};
    std::size_t first = steps_.size();  // of those applied
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      limits[i + 1] = applied(i) ? steps_[i].run->max_encoded(limits[i]) : limits[i];
      if (limits[i + 1] / kMostGrowth > into.size() + kLeastRoom / kMostGrowth) {
        return {Code::unsupported, "the filters together may make too much of a chunk of " +
                                       std::to_string(into.size()) + " bytes"};
      }
      if (applied(i)) first = std::min(first, i);
    }
    if (stored.size() > limits[steps_.size()]) {
      return {Code::corrupt, std::to_string(stored.size()) + " bytes stored, at most " +
                                 std::to_string(limits[steps_.size()]) + " expected"};
    }
    codec::Scratch scratch;
    std::size_t free_area = 0;
    ConstByteSpan bytes = stored;
    for (std::size_t i = steps_.size(); i-- > 0;) {
      if (!applied(i)) continue;
      const ByteSpan out = i == first ? into : scratch.area(free_area, limits[i]);
      ARRAYMORPH_ASSIGN(bytes, steps_[i].run->decode(bytes, out));
      if (bytes.data() == out.data()) free_area = 1 - free_area;
    }
    if (bytes.size() != into.size()) {
      return {Code::corrupt, std::to_string(bytes.size()) + " bytes decoded, " +
                                 std::to_string(into.size()) + " expected"};
    }
    if (bytes.data() != into.data()) std::copy(bytes.begin(), bytes.end(), into.begin());
    return {};
  }

 private:
  Status no_gain(std::size_t filter) const {
    return {Code::unsupported, "filter " + std::to_string(steps_[filter].id) +
                                   " does not make this chunk smaller, and was not added as "
                                   "optional: add it with H5Z_FLAG_OPTIONAL"};
  }

  std::vector<Step> steps_;
};

}  // namespace

Result<Buffer> ChunkCodec::decode(Buffer stored, std::uint32_t filter_mask,
                                  std::size_t decoded_size) const {
  if (identity() && stored.size() == decoded_size) return stored;
  Buffer decoded(decoded_size);
  ARRAYMORPH_TRY(decode_into(stored.span(), filter_mask, decoded.span()));
  return decoded;
}

std::shared_ptr<const ChunkCodec> make_builtin_codec(const std::vector<FilterSpec>& filters,
                                                     std::size_t element_size) {
  if (filters.size() > kMaxFilters) return nullptr;
  std::vector<Step> steps;
  for (const FilterSpec& spec : filters) {
    auto filter = codec::make_filter(spec, element_size);
    if (filter == nullptr) return nullptr;
    steps.push_back({std::move(filter), spec.id, spec.optional});
  }
  return std::make_shared<BuiltinCodec>(std::move(steps));
}

}  // namespace arraymorph
