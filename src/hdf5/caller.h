// Who has called HDF5, and whether they show what stands on its error stack.
#pragma once

namespace arraymorph::hdf5 {

/// True where the user gets to see the errors of the call that runs: HDF5 prints them, or the
/// caller is h5py or PyTables, which raise them with their words. netCDF4 and others that switch
/// printing off make one code of them all.
bool caller_shows_errors() noexcept;

}  // namespace arraymorph::hdf5
