// What a server says in the answers whose bodies the engine keeps to itself: 500, 502, 503, 504.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/s3/attempt.h"
#include "store/s3/request.h"
#include "store/s3/session.h"

namespace arraymorph::store::s3 {

/// Called once, from a thread of the engine: the status of the answer, 0 where none came, and the
/// beginning of its body where it is an error.
using Inquired = std::function<void(int status, std::string body)>;

/// Sends `request` once more on a connection of its own, beside the engine's client. `session`
/// lives until `done` has been called, `provider` (of its credentials, which may be renewed
/// meanwhile) until this returns. False: it cannot be sent, and `done` is not called.
bool inquire(const Session& session, aws_credentials_provider* provider, const Address& address,
             const std::shared_ptr<const Request>& request, Inquired done);

}  // namespace arraymorph::store::s3
