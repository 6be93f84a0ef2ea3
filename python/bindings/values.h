// Copying the values of attributes and datasets from one file to another as they are.
#pragma once

#include <pybind11/pybind11.h>

namespace arraymorph::python {

/// Values: reads with the file's own type and writes the same, so that no type is too strange;
/// references are made to lead to the same objects of the other file.
void define_values(pybind11::module_& module);

}  // namespace arraymorph::python
