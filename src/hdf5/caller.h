// Who has called HDF5, for what means different things to different libraries.
#pragma once

#include <string_view>

namespace arraymorph::hdf5 {

/// The call of libhdf5 that has led to this callback came from a shared library whose file name
/// begins with `library` ("libnetcdf"). Some microseconds.
bool called_by(std::string_view library) noexcept;

/// True where the user gets to see the errors of the call that runs: HDF5 prints them, or the
/// caller is h5py or PyTables, which raise them with their words. netCDF4 and others that switch
/// printing off make one code of them all.
bool caller_shows_errors() noexcept;

}  // namespace arraymorph::hdf5
