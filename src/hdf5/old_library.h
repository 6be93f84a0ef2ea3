// HDF5 before 1.14. 1.12 knows VOL connectors, but of another binary form, and fails to start when
// HDF5_VOL_CONNECTOR names one that it cannot load. 1.10 takes every plugin for a filter.
#pragma once

namespace arraymorph::hdf5 {

/// What to hand to the old HDF5 that contains `address` (never freed), so that it goes on without
/// ArrayMorph: 1.12 its own native connector under our name, which is said in one warning; older
/// ones a filter that nobody asks for. Null for any other library.
const void* class_for_old_library(const void* address);

}  // namespace arraymorph::hdf5
