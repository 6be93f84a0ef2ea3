// Conditional PUTs on servers that may not honour them: what is known, and the best check left.
#pragma once

#include <string>

#include "arraymorph/object_store.h"
#include "runtime/config.h"
#include "store/probe.h"

namespace arraymorph::store {

/// What is known about conditional PUTs at `store`: by construction, from this process, from an
/// earlier one (Config::cache_directory, 30 days), else from a probe below `folder`. Only a verdict
/// other than unknown is kept.
ConditionReport conditions_at(ObjectStore& store, const std::string& folder, const Config& config);

/// A probe now, whatever is known, except where no probe is needed; what it finds is kept.
ConditionReport probe_now(ObjectStore& store, const std::string& folder, const Config& config,
                          ProbeSize size = {});

/// A PUT with a condition that matters. Where the server does not honour conditions, a HEAD right
/// before compares entity tags, so that only what another writer does between the two goes
/// unnoticed; one warning a process and server says so. Errors: those of ObjectStore::put.
Result<PutReply> guarded_put(ObjectStore& store, PutRequest request, const Config& config);

}  // namespace arraymorph::store
