// Deflate (filter 1): a zlib stream (RFC 1950), by libdeflate.
#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <vector>

#include "codec/filter.h"

namespace arraymorph::codec {
namespace {

constexpr unsigned kMaxLevel = 9;

// (De)compressors are large and costly to allocate for small chunks, so idle ones are kept. The
// pool is never destroyed: HDF5 still closes files after our static objects would be gone.
template <class T, void (*kFree)(T*)>
class IdlePool {
 public:
  template <class Make>
  T* take(Make make) {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        T* object = idle_.back();
        idle_.pop_back();
        return object;
      }
    }
    return make();
  }

  void give_back(T* object) {
    {
      const std::lock_guard lock(mutex_);
      if (idle_.size() < kKept) {
        idle_.push_back(object);
        return;
      }
    }
    kFree(object);
  }

 private:
  static constexpr std::size_t kKept = 32;
  std::mutex mutex_;
  std::vector<T*> idle_;
};

using Compressors = IdlePool<libdeflate_compressor, libdeflate_free_compressor>;
using Decompressors = IdlePool<libdeflate_decompressor, libdeflate_free_decompressor>;

Compressors& compressors(unsigned level) {
  static auto* pools = new std::array<Compressors, kMaxLevel + 1>;
  return (*pools)[level];
}

Decompressors& decompressors() {
  static auto* pool = new Decompressors;
  return *pool;
}

Status out_of_memory() { return {Code::internal, "deflate: out of memory"}; }

class Deflate final : public Filter {
 public:
  explicit Deflate(unsigned level) : level_(level) {}

  Result<Buffer> encode(ConstByteSpan in) const override {
    Compressors& pool = compressors(level_);
    libdeflate_compressor* compressor =
        pool.take([&] { return libdeflate_alloc_compressor(static_cast<int>(level_)); });
    if (compressor == nullptr) return out_of_memory();
    Buffer out(libdeflate_zlib_compress_bound(compressor, in.size()));
    const std::size_t size =
        libdeflate_zlib_compress(compressor, in.data(), in.size(), out.data(), out.size());
    pool.give_back(compressor);
    if (size == 0) return Status(Code::internal, "deflate: output larger than its bound");
    // The bound is larger than the input: keep only what was written.
    return Buffer::copy_of({out.data(), size});
  }

  Result<Buffer> decode(Buffer in, std::size_t limit) const override {
    libdeflate_decompressor* decompressor =
        decompressors().take([] { return libdeflate_alloc_decompressor(); });
    if (decompressor == nullptr) return out_of_memory();
    Buffer out(std::max<std::size_t>(limit, 1));
    std::size_t size = 0;
    const libdeflate_result result =
        libdeflate_zlib_decompress(decompressor, in.data(), in.size(), out.data(), limit, &size);
    decompressors().give_back(decompressor);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      return Status(Code::corrupt,
                    "deflate: more than the " + std::to_string(limit) + " bytes possible");
    }
    if (result != LIBDEFLATE_SUCCESS) {
      return Status(Code::corrupt, "deflate: stream damaged or cut off");
    }
    out.shrink(size);
    return out;
  }

  // zlib's own conservative bound (deflateBound), which holds for any of its settings.
  std::size_t max_encoded(std::size_t size) const noexcept override {
    return size + size / 8 + size / 64 + 64;
  }

 private:
  unsigned level_;
};

}  // namespace

std::unique_ptr<const Filter> make_deflate(const FilterSpec& spec) {
  if (spec.parameters.empty() || spec.parameters[0] > kMaxLevel) return nullptr;
  return std::make_unique<Deflate>(spec.parameters[0]);
}

}  // namespace arraymorph::codec
