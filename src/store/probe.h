// Probe: does a server honour conditional PUTs, also those of several writers at one moment?
#pragma once

#include <string>
#include <string_view>

#include "arraymorph/object_store.h"
#include "arraymorph/status.h"

namespace arraymorph::store {

/// Raised when the probe's verdicts are no longer comparable with earlier ones.
inline constexpr int kProbeVersion = 1;

enum class Conditions {
  honoured,     ///< exactly one of several writers succeeds
  ignored,      ///< a PUT whose condition fails replaces the object all the same
  racy,         ///< honoured one after the other, not at the same moment
  unsupported,  ///< refused, also where the condition holds
  unknown,      ///< could not be tried
};

std::string_view conditions_name(Conditions verdict) noexcept;
/// Nothing known by that name: unknown.
Conditions conditions_from_name(std::string_view name) noexcept;

/// Rounds of one kind of condition.
struct ProbeTally {
  unsigned rounds = 0;
  unsigned several = 0;  ///< more than one writer was told that it succeeded
  unsigned none = 0;     ///< no writer was: safe, though nobody came through
  unsigned wrong = 0;    ///< the object is not that of the writer that succeeded
};

struct ConditionReport {
  Conditions verdict = Conditions::unknown;
  std::string words;     ///< what was seen, one line
  bool reached = false;  ///< the server answered the first request, with whatever
  Status failure;        ///< why the verdict is unknown
  ProbeTally if_absent;
  ProbeTally if_match;
};

struct ProbeSize {
  unsigned rounds = 4;
  unsigned writers = 8;
};
/// Before a first commit, which waits for it. SeaweedFS lets simultaneous writers wait for seconds,
/// and half as many half as long.
inline constexpr ProbeSize kQuickProbe{4, 4};

/// Writes and removes a few small objects below `folder` (ends in '/' or is empty), under names
/// that nobody else uses. Blocks for about 13 requests one after the other with four rounds.
ConditionReport probe_conditions(ObjectStore& store, const std::string& folder,
                                 ProbeSize size = {});

/// The name of the folder that a probe makes below `folder` starts with this.
inline constexpr std::string_view kProbeFolder = "probe-";

}  // namespace arraymorph::store
