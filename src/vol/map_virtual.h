// The mappings of virtual datasets as geometry: which elements of the one are which of the other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hdf5/dataspace.h"
#include "hdf5/handle.h"

namespace arraymorph::vol {

/// H5Sget_regular_hyperslab.
struct Hyperslab {
  std::vector<hsize_t> start, stride, count, block;
  std::optional<std::size_t> unlimited;  ///< the axis without an end
};

/// Nothing for other selections.
std::optional<Hyperslab> regular_hyperslab(hid_t space);

/// How many coordinates of the unlimited axis lie below `limit`.
hsize_t coordinates_below(const Hyperslab& slab, hsize_t limit);

/// The extent that shows the first `coordinates` of the unlimited axis; `gaps`: and the gap that
/// follows them, if one does.
hsize_t extent_showing(const Hyperslab& slab, hsize_t coordinates, bool gaps);

/// The first `coordinates` of the unlimited axis, everything on the others.
hdf5::Handle clipped(Hyperslab slab, const chunk::Extent& dims, hsize_t coordinates);

/// `selection` in a space of another extent; invalid when the rank is another.
hdf5::Handle moved(hid_t selection, const chunk::Extent& dims);

/// The same; invalid when it does not fit there.
hdf5::Handle in_extent(hid_t selection, const chunk::Extent& dims);

/// A whole extent as a hyperslab: where spaces of different extents are intersected, HDF5 takes
/// "all" for all of either.
hdf5::Handle as_hyperslab(hid_t selection);

/// `selection` with its offset (H5Soffset_simple) as a part of it: HDF5 forgets it in
/// intersections. Invalid when the offset leads before the beginning.
hdf5::Handle with_offset(hid_t selection);

/// Both selections have elements in common.
bool overlap(hid_t selection, hid_t other);

/// One past the last element of `selection` on each axis; empty when it selects nothing, or all.
std::vector<hsize_t> ends_of(hid_t selection);

/// printf-style source names: "%b" is the block number, "%%" a percent sign.
bool has_block_number(const std::string& name);
std::string with_block_number(const std::string& name, const std::string& block);

}  // namespace arraymorph::vol
