// Which folders of filter plugins a libhdf5 searches. HDF5_PLUGIN_PATH is the process's, and has to
// name ours; but the plugins of one libhdf5 break in another, and while the variable is set no
// library looks into the folder that was chosen when it was built.
#pragma once

namespace arraymorph::hdf5 {

/// Gives the current library the folders that it would have without us.
/// - A folder that ends in "/netCDF4/plugins/." has been named for the package netCDF4 alone (by
///   python/arraymorph/_packages.py): it is taken away unless this library is that package's. The
///   user's own spelling of the same folder has no such dot, and stays.
/// - When only our own folder is left, the usual ones for this library are added, where they exist.
void settle_plugin_path();

}  // namespace arraymorph::hdf5
