// Names of hosts, as the engine's resolver finds them, and those below localhost.
#pragma once

#include <aws/io/host_resolver.h>

namespace arraymorph::store::s3 {

/// The engine's resolver (getaddrinfo), which also knows that every name below ".localhost" is this
/// machine (RFC 6761, section 6.3): not every libc does, and virtual-hosted style makes such names
/// of a server on localhost. One reference is the caller's. Null on failure.
aws_host_resolver* new_resolver(aws_event_loop_group* loops);

}  // namespace arraymorph::store::s3
