// Why TLS connections are refused: the engine gives one error for every cause, and names the cause
// in its log only.
#pragma once

#include <string>

namespace arraymorph::store::s3 {

/// Listen to the engine's log for it. Only where nobody else owns that log (the AWS SDK does).
void listen_for_tls_causes();

/// The cause of the last connection that was refused in this process; empty: not known.
std::string last_tls_cause();

}  // namespace arraymorph::store::s3
