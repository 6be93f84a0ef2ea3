#include "vol/map_virtual.h"

#include <algorithm>

namespace arraymorph::vol {

using hdf5::api;
using hdf5::Handle;

std::optional<Hyperslab> regular_hyperslab(hid_t space) {
  if (api().H5Sget_select_type(space) != H5S_SEL_HYPERSLABS ||
      api().H5Sis_regular_hyperslab(space) <= 0) {
    return std::nullopt;
  }
  const std::size_t rank = hdf5::extent_of(space).size();
  Hyperslab slab;
  for (auto* values : {&slab.start, &slab.stride, &slab.count, &slab.block}) values->resize(rank);
  if (api().H5Sget_regular_hyperslab(space, slab.start.data(), slab.stride.data(),
                                     slab.count.data(), slab.block.data()) < 0) {
    return std::nullopt;
  }
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (slab.count[axis] == H5S_UNLIMITED || slab.block[axis] == H5S_UNLIMITED) {
      slab.unlimited = axis;
    }
  }
  return slab;
}

hsize_t coordinates_below(const Hyperslab& slab, hsize_t limit) {
  const std::size_t axis = *slab.unlimited;
  if (limit <= slab.start[axis]) return 0;
  const hsize_t span = limit - slab.start[axis];
  if (slab.block[axis] == H5S_UNLIMITED) return span;
  const hsize_t whole = span / slab.stride[axis];
  return whole * slab.block[axis] + std::min(span % slab.stride[axis], slab.block[axis]);
}

hsize_t extent_showing(const Hyperslab& slab, hsize_t coordinates, bool gaps) {
  const std::size_t axis = *slab.unlimited;
  const hsize_t start = slab.start[axis];
  if (coordinates == 0) return gaps ? start : 0;
  const hsize_t block = slab.block[axis];
  if (block == H5S_UNLIMITED || block == slab.stride[axis]) return start + coordinates;
  const hsize_t whole = coordinates / block;
  const hsize_t rest = coordinates % block;
  if (rest > 0 || gaps) return start + whole * slab.stride[axis] + rest;
  return start + (whole - 1) * slab.stride[axis] + block;
}

Handle clipped(Hyperslab slab, const chunk::Extent& dims, hsize_t coordinates) {
  const std::vector<hsize_t> extent(dims.begin(), dims.end());
  Handle space(api().H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr));
  api().H5Sselect_none(space.get());
  const std::size_t axis = *slab.unlimited;
  if (slab.block[axis] == H5S_UNLIMITED) slab.block[axis] = std::max<hsize_t>(coordinates, 1);
  const hsize_t blocks = coordinates / slab.block[axis];
  const hsize_t rest = coordinates % slab.block[axis];
  const auto add = [&] {
    api().H5Sselect_hyperslab(space.get(), H5S_SELECT_OR, slab.start.data(), slab.stride.data(),
                              slab.count.data(), slab.block.data());
  };
  slab.count[axis] = blocks;
  if (blocks > 0) add();
  if (rest > 0) {
    slab.start[axis] += blocks * slab.stride[axis];
    slab.count[axis] = 1;
    slab.block[axis] = rest;
    add();
  }
  return space;
}

Handle moved(hid_t selection, const chunk::Extent& dims) {
  // Of a whole source HDF5 does not keep the extent.
  if (api().H5Sget_select_type(selection) != H5S_SEL_ALL &&
      hdf5::extent_of(selection).size() != dims.size()) {
    return {};
  }
  Handle space(api().H5Scopy(selection));
  const std::vector<hsize_t> extent(dims.begin(), dims.end());
  api().H5Sset_extent_simple(space.get(), static_cast<int>(extent.size()), extent.data(), nullptr);
  return space;
}

Handle in_extent(hid_t selection, const chunk::Extent& dims) {
  Handle space = moved(selection, dims);
  if (!space.valid() || api().H5Sselect_valid(space.get()) <= 0) return {};
  return space;
}

Handle as_hyperslab(hid_t selection) {
  Handle space(api().H5Scopy(selection));
  if (api().H5Sget_select_type(selection) != H5S_SEL_ALL) return space;
  const chunk::Extent dims = hdf5::extent_of(selection);
  const std::vector<hsize_t> start(dims.size()), count(dims.begin(), dims.end());
  api().H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(),
                            nullptr);
  return space;
}

Handle with_offset(hid_t selection) {
  Handle space(api().H5Scopy(selection));
  const H5S_sel_type kind = api().H5Sget_select_type(selection);
  if (kind == H5S_SEL_ALL || kind == H5S_SEL_NONE) return space;
  const std::size_t rank = hdf5::extent_of(selection).size();
  const std::vector<hssize_t> none(rank);
  std::vector<hsize_t> from(rank), to(rank), last(rank);
  std::vector<hssize_t> back(rank);
  if (api().H5Sget_select_bounds(space.get(), to.data(), last.data()) < 0 ||
      api().H5Soffset_simple(space.get(), none.data()) < 0 ||
      api().H5Sget_select_bounds(space.get(), from.data(), last.data()) < 0) {
    return {};
  }
  for (std::size_t axis = 0; axis < rank; ++axis) {
    back[axis] = static_cast<hssize_t>(from[axis]) - static_cast<hssize_t>(to[axis]);
  }
  if (back != none && api().H5Sselect_adjust(space.get(), back.data()) < 0) return {};
  return space;
}

bool overlap(hid_t selection, hid_t other) {
  const Handle both(api().H5Sselect_project_intersection(selection, selection, other));
  return both.valid() && api().H5Sget_select_npoints(both.get()) > 0;
}

std::vector<hsize_t> ends_of(hid_t selection) {
  const H5S_sel_type kind = api().H5Sget_select_type(selection);
  if (kind == H5S_SEL_ALL || kind == H5S_SEL_NONE) return {};
  const std::size_t rank = hdf5::extent_of(selection).size();
  std::vector<hsize_t> first(rank), last(rank);
  if (api().H5Sget_select_bounds(selection, first.data(), last.data()) < 0) return {};
  for (hsize_t& each : last) ++each;
  return last;
}

bool has_block_number(const std::string& name) {
  for (std::size_t i = 0; i + 1 < name.size(); ++i) {
    if (name[i] != '%') continue;
    if (name[i + 1] == 'b') return true;
    ++i;
  }
  return false;
}

std::string with_block_number(const std::string& name, const std::string& block) {
  std::string result;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '%' || i + 1 == name.size()) {
      result += name[i];
      continue;
    }
    ++i;
    result += name[i] == 'b' ? block : std::string(1, name[i]);
  }
  return result;
}

}  // namespace arraymorph::vol
