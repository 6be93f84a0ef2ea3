// Shuffle (filter 2): byte k of every element next to each other, as H5Zshuffle.c does it.
#include <algorithm>

#include "codec/filter.h"

namespace arraymorph::codec {
namespace {

// Elements handled per pass over the bytes of an element: what is read stays in the L1 cache.
constexpr std::size_t kBlock = 1024;

// A compile-time element size lets the compiler vectorise; 0 means `size` decides.
template <std::size_t kSize>
void scatter(const std::byte* in, std::byte* out, std::size_t count, std::size_t size) {
  const std::size_t width = kSize != 0 ? kSize : size;
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t end = std::min(count, begin + kBlock);
    for (std::size_t k = 0; k < width; ++k) {
      std::byte* to = out + k * count;
      for (std::size_t i = begin; i < end; ++i) to[i] = in[i * width + k];
    }
  }
}

template <std::size_t kSize>
void gather(const std::byte* in, std::byte* out, std::size_t count, std::size_t size) {
  const std::size_t width = kSize != 0 ? kSize : size;
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t end = std::min(count, begin + kBlock);
    for (std::size_t k = 0; k < width; ++k) {
      const std::byte* from = in + k * count;
      for (std::size_t i = begin; i < end; ++i) out[i * width + k] = from[i];
    }
  }
}

using Kernel = void (*)(const std::byte*, std::byte*, std::size_t, std::size_t);

Buffer apply(ConstByteSpan in, std::size_t size, Kernel kernel) {
  Buffer out(in.size());
  const std::size_t count = in.size() / size;
  kernel(in.data(), out.data(), count, size);
  // Bytes past the last whole element stay as they are.
  std::copy(in.begin() + static_cast<std::ptrdiff_t>(count * size), in.end(),
            out.data() + count * size);
  return out;
}

class Shuffle final : public Filter {
 public:
  explicit Shuffle(std::size_t size) : size_(size) {}

  Result<Buffer> encode(ConstByteSpan in) const override {
    if (size_ == 1) return Buffer::copy_of(in);
    switch (size_) {
      case 2:
        return apply(in, size_, scatter<2>);
      case 4:
        return apply(in, size_, scatter<4>);
      case 8:
        return apply(in, size_, scatter<8>);
      default:
        return apply(in, size_, scatter<0>);
    }
  }

  Result<Buffer> decode(Buffer in, std::size_t) const override {
    if (size_ == 1) return in;
    switch (size_) {
      case 2:
        return apply(in.span(), size_, gather<2>);
      case 4:
        return apply(in.span(), size_, gather<4>);
      case 8:
        return apply(in.span(), size_, gather<8>);
      default:
        return apply(in.span(), size_, gather<0>);
    }
  }

  std::size_t max_encoded(std::size_t size) const noexcept override { return size; }

 private:
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
