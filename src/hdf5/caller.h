// Who has called libhdf5: for questions that mean different things from different libraries.
#pragma once

#include <string_view>

namespace arraymorph::hdf5 {

/// The call of libhdf5 that has led to this callback came from a shared library whose file name
/// begins with `library` ("libnetcdf"). Some microseconds.
bool called_by(std::string_view library);

}  // namespace arraymorph::hdf5
