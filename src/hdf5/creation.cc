#include "hdf5/creation.h"

#include <array>

#include "hdf5/error.h"

namespace arraymorph::hdf5 {

chunk::Extent chunk_extent(hid_t dcpl, std::size_t rank) {
  std::vector<hsize_t> dims(rank);
  if (api().H5Pget_chunk(dcpl, static_cast<int>(rank), dims.data()) != static_cast<int>(rank)) {
    return {};
  }
  return {dims.begin(), dims.end()};
}

std::vector<FilterSpec> filters_of(hid_t dcpl) {
  std::vector<FilterSpec> filters;
  const int count = api().H5Pget_nfilters(dcpl);
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0;
    unsigned config = 0;
    std::array<char, 64> name{};
    std::size_t parameters = 0;
    const auto index = static_cast<unsigned>(i);
    api().H5Pget_filter2(dcpl, index, &flags, &parameters, nullptr, 0, nullptr, nullptr);
    FilterSpec spec;
    spec.parameters.resize(parameters);
    spec.id = api().H5Pget_filter2(dcpl, index, &flags, &parameters, spec.parameters.data(),
                                   name.size(), name.data(), &config);
    spec.optional = (flags & H5Z_FLAG_OPTIONAL) != 0;
    spec.name = name.data();
    filters.push_back(std::move(spec));
  }
  return filters;
}

Result<Buffer> fill_value_of(hid_t dcpl, hid_t type) {
  H5D_fill_value_t defined = H5D_FILL_VALUE_DEFAULT;
  if (api().H5Pfill_value_defined(dcpl, &defined) < 0 || defined != H5D_FILL_VALUE_USER_DEFINED) {
    return Buffer();
  }
  // "Never" leaves new elements undefined; native gives zeros, and so do we.
  H5D_fill_time_t time = H5D_FILL_TIME_IFSET;
  if (api().H5Pget_fill_time(dcpl, &time) < 0 || time == H5D_FILL_TIME_NEVER) return Buffer();
  Buffer fill(api().H5Tget_size(type));
  if (api().H5Pget_fill_value(dcpl, type, fill.data()) < 0) {
    return Status(Code::invalid_argument, "cannot read the fill value: " + innermost_error());
  }
  return fill;
}

}  // namespace arraymorph::hdf5
