// The S3 settings: ARRAYMORPH_* before AWS_* before the profile before what holds otherwise.
#pragma once

#include "runtime/config.h"
#include "runtime/config/profile.h"

namespace arraymorph::config {

/// What variables say; nothing is judged yet.
void read_s3_variables(S3Settings& settings);

/// Fills in what no variable says. Errors: as complete_s3.
Status apply_profile(const Profile& profile, S3Settings& settings);

}  // namespace arraymorph::config
