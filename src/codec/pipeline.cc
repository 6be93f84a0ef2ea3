// The pipeline of built-in filters: in order on encode, in reverse on decode.
#include <algorithm>

#include "codec/filter.h"

namespace arraymorph {
namespace {

// The filter mask has one bit per filter; HDF5 allows no more filters (H5Z_MAX_NFILTERS).
constexpr std::size_t kMaxFilters = 32;

class BuiltinCodec final : public ChunkCodec {
 public:
  explicit BuiltinCodec(std::vector<std::unique_ptr<const codec::Filter>> filters)
      : filters_(std::move(filters)) {}

  bool runs_anywhere() const noexcept override { return true; }
  bool identity() const noexcept override { return filters_.empty(); }

  Result<EncodedChunk> encode(ConstByteSpan decoded) const override {
    if (filters_.empty()) return EncodedChunk{Buffer::copy_of(decoded), 0};
    ARRAYMORPH_ASSIGN(Buffer bytes, filters_.front()->encode(decoded));
    for (std::size_t i = 1; i < filters_.size(); ++i) {
      ARRAYMORPH_ASSIGN(bytes, filters_[i]->encode(bytes.span()));
    }
    return EncodedChunk{std::move(bytes), 0};
  }

  Status decode_into(ConstByteSpan stored, std::uint32_t filter_mask,
                     ByteSpan into) const override {
    const auto applied = [&](std::size_t i) { return (filter_mask >> i & 1u) == 0; };
    // limits[i]: the most bytes that went into filter i; limits.back(): that can be stored.
    std::vector<std::size_t> limits{into.size()};
    for (std::size_t i = 0; i < filters_.size(); ++i) {
      limits.push_back(applied(i) ? filters_[i]->max_encoded(limits[i]) : limits[i]);
    }
    if (stored.size() > limits.back()) {
      return Status(Code::corrupt, std::to_string(stored.size()) + " bytes stored, at most " +
                                       std::to_string(limits.back()) + " expected");
    }
    Buffer bytes = Buffer::copy_of(stored);
    for (std::size_t i = filters_.size(); i-- > 0;) {
      if (!applied(i)) continue;
      ARRAYMORPH_ASSIGN(bytes, filters_[i]->decode(std::move(bytes), limits[i]));
    }
    if (bytes.size() != into.size()) {
      return Status(Code::corrupt, std::to_string(bytes.size()) + " bytes decoded, " +
                                       std::to_string(into.size()) + " expected");
    }
    std::copy(bytes.span().begin(), bytes.span().end(), into.begin());
    return {};
  }

 private:
  std::vector<std::unique_ptr<const codec::Filter>> filters_;
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
  std::vector<std::unique_ptr<const codec::Filter>> made;
  for (const FilterSpec& spec : filters) {
    auto filter = codec::make_filter(spec, element_size);
    if (filter == nullptr) return nullptr;
    made.push_back(std::move(filter));
  }
  return std::make_shared<BuiltinCodec>(std::move(made));
}

}  // namespace arraymorph
