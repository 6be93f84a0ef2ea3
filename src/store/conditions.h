// Conditional PUTs on servers that may not honour them: what is known, and the best check left.
#pragma once

#include <string>

#include "arraymorph/object_store.h"
#include "runtime/config.h"
#include "store/probe.h"

namespace arraymorph::store {

/// A probe below `folder` now, except where conditions hold by construction. A verdict other than
/// unknown is kept: in this process, and in Config::cache_directory for later ones, for 30 days.
ConditionReport probe_now(ObjectStore& store, const std::string& folder, const Config& config,
                          ProbeSize size = {});

/// A PUT with a condition that matters. The first one to a server whose verdict is not known probes
/// it, below the folder of the key and out of sight of the counters. Where the server does not
/// honour conditions, a HEAD right before compares entity tags, so that only what another writer
/// does between the two goes unnoticed; one warning a process and server says so. Errors: those of
/// ObjectStore::put.
Result<PutReply> guarded_put(ObjectStore& store, PutRequest request, const Config& config);

}  // namespace arraymorph::store
