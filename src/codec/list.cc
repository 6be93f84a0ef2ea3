#include "codec/filter.h"

namespace arraymorph::codec {

std::unique_ptr<const Filter> make_filter(const FilterSpec& spec, std::size_t element_size) {
  switch (spec.id) {
    case 1:
      return make_deflate(spec);
    case 2:
      return make_shuffle(spec, element_size);
    case 3:
      return make_fletcher32();
    case 32000:
      return make_lzf();
    case 32001:
      return make_blosc(spec);
    case 32004:
      return make_lz4(spec);
    case 32008:
      return make_bitshuffle(spec);
    case 32015:
      return make_zstd(spec);
    default:
      return nullptr;
  }
}

}  // namespace arraymorph::codec
