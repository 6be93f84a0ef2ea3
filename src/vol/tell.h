// Failures that the calling library keeps to itself are told on stderr.
#pragma once

#include <string>

#include "arraymorph/status.h"

namespace arraymorph::vol {

/// Logs a failure to open or read `file` that is being pushed on HDF5's error stack, where nobody
/// shows that stack: once for each file and kind of failure.
void tell(const std::string& file, const Status& failure);

/// The file has been opened: what fails from now on is told again.
void tell_anew(const std::string& file);

}  // namespace arraymorph::vol
