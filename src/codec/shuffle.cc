// Shuffle (filter 2): byte k of every element next to each other, as H5Zshuffle.c does it.
#include <algorithm>

#include "codec/filter.h"
#include "codec/transpose.h"

namespace arraymorph::codec {
namespace {

class Shuffle final : public Filter {
 public:
  explicit Shuffle(std::size_t size) : size_(size) {}

  Result<std::size_t> encode(ConstByteSpan in, ByteSpan out) const override {
    apply(in, out, scatter_bytes);
    return in.size();
  }

  Result<ConstByteSpan> decode(ConstByteSpan in, ByteSpan out) const override {
    if (in.size() > out.size()) {
      return Status(Code::corrupt,
                    "shuffle: more than the " + std::to_string(out.size()) + " bytes possible");
    }
    if (size_ == 1) return in;
    apply(in, out, gather_bytes);
    return ConstByteSpan(out.first(in.size()));
  }

  std::size_t max_encoded(std::size_t size) const noexcept override { return size; }
  bool fixed_size() const noexcept override { return true; }

 private:
  using Kernel = void (*)(const std::byte*, std::byte*, std::size_t, std::size_t);

  void apply(ConstByteSpan in, ByteSpan out, Kernel kernel) const {
    const std::size_t count = in.size() / size_;
    if (count > 0) kernel(in.data(), out.data(), count, size_);
    // Bytes past the last whole element stay as they are.
    const ConstByteSpan rest = in.subspan(count * size_);
    std::copy(rest.begin(), rest.end(), out.data() + count * size_);
  }

  std::size_t size_;
};

}  // namespace

std::unique_ptr<const Filter> make_shuffle(const FilterSpec& spec, std::size_t element_size) {
  // HDF5 stores the element size when the dataset is created; a list made before has none.
  const std::size_t size = spec.parameters.empty() ? element_size : spec.parameters[0];
  if (size == 0) return nullptr;
  return std::make_unique<Shuffle>(size);
}

}  // namespace arraymorph::codec
