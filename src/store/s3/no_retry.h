// The engine sends each request once: Client retries, by cause.
#pragma once

#include <aws/io/retry_strategy.h>

namespace arraymorph::store::s3 {

/// One for the process, never destroyed. Engines before 2026 have no setting for this, and
/// aws_retry_strategy_new_no_retry refuses the first attempt as well.
aws_retry_strategy* no_retry_strategy();

}  // namespace arraymorph::store::s3
