// Reading values as the file has them, and comparing those of two files.
#pragma once

#include <pybind11/pybind11.h>

namespace arraymorph::python {

/// SameValues: reads with the file's own type, so that no type is too strange, and follows what
/// values lead to. References are the same when they lead to the same object, whatever its names.
void define_same_values(pybind11::module_& module);

}  // namespace arraymorph::python
