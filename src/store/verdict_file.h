// What a probe found out about a server, kept on disk for later processes.
#pragma once

#include <optional>
#include <string>

#include "store/probe.h"

namespace arraymorph::store {

/// The verdict on `identity` in `directory`. Nothing: none is there, or it cannot be read, is older
/// than 30 days, or comes from another version of the probe.
std::optional<ConditionReport> load_verdict(const std::string& directory,
                                            const std::string& identity);

/// Replaces it atomically, readable for this user only. Failure is no error: the next process
/// probes again.
void save_verdict(const std::string& directory, const std::string& identity,
                  const ConditionReport& report);

}  // namespace arraymorph::store
