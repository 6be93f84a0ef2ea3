// HDF5 1.12: it knows VOL connectors, but of another binary form. It cannot be served, and it fails
// to start when HDF5_VOL_CONNECTOR names a connector that it cannot load.
#pragma once

namespace arraymorph::hdf5 {

/// For the HDF5 1.12 that contains `address`: its own native connector under our name, as a class
/// struct of its kind (never freed), so that it starts and opens files as without ArrayMorph. Says
/// so in one warning. Null for any other library.
const void* native_class_of_old_library(const void* address);

}  // namespace arraymorph::hdf5
