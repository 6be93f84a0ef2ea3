// The names of all variables; what they mean is said in variables() of runtime/config.h.
#pragma once

namespace arraymorph::config {

/// One warning for each ARRAYMORPH_* variable that does not exist, with the one that is meant.
void warn_about_unknown_variables();

}  // namespace arraymorph::config
