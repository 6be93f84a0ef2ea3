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
    default:
      return nullptr;
  }
}

}  // namespace arraymorph::codec
