// Answers of the C interface in Python, and transfers between stores.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <string>

#include "arraymorph/api.h"

namespace arraymorph::python {

pybind11::object from_json(const std::string& text);

/// Raises the OSError of an errno value; Python chooses the subclass: FileNotFoundError,
/// PermissionError, ...
[[noreturn]] void raise_error(int error, const std::string& text);

/// What `call(&answer)`, a function of the C interface, answers without the GIL: JSON, or OSError.
template <class Call>
pybind11::object ask(const Call& call) {
  char* answer = nullptr;
  int error = 0;
  {
    const pybind11::gil_scoped_release waiting;
    error = call(&answer);
  }
  const std::unique_ptr<char, decltype(&arraymorph_free)> owned(answer, &arraymorph_free);
  const std::string text = answer == nullptr ? "out of memory" : answer;
  if (error != 0) raise_error(error, text);
  return from_json(text);
}

/// Transfer, and the functions around it that take or give bytes.
void define_transfer(pybind11::module_& module);

}  // namespace arraymorph::python
