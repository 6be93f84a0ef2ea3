// Filters that the program's libhdf5 has or lacks, in words.
#pragma once

#include <string>
#include <vector>

#include "arraymorph/codec.h"

namespace arraymorph::hdf5 {

/// "bzip2 (307)": the name that the filter is registered under, else the one its dataset gives;
/// "number 399" where there is none.
std::string filter_label(const FilterSpec& filter);

/// Of those among `filters` that libhdf5 does not have: each with its name and id and where it
/// comes from. Empty: it has all.
std::string missing_filters(const std::vector<FilterSpec>& filters);

}  // namespace arraymorph::hdf5
