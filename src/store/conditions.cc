#include "store/conditions.h"

#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "runtime/lifecycle.h"
#include "runtime/log.h"
#include "store/verdict_file.h"

namespace arraymorph::store {
namespace {

using Kind = PutCondition::Kind;

struct Known {
  ConditionReport report;
  bool warned = false;
};

struct Process {
  std::mutex mutex;
  std::map<std::string, Known> servers;  // by ObjectStore::identity
};

Process& process() {
  static Process* const instance = new Process;
  return *instance;
}

std::optional<ConditionReport> recall(const std::string& identity) {
  Process& all = process();
  const std::lock_guard lock(all.mutex);
  const auto found = all.servers.find(identity);
  if (found == all.servers.end()) return std::nullopt;
  return found->second.report;
}

void remember(const std::string& identity, const ConditionReport& report) {
  Process& all = process();
  const std::lock_guard lock(all.mutex);
  all.servers[identity].report = report;
}

bool first_warning(const std::string& identity) {
  Process& all = process();
  const std::lock_guard lock(all.mutex);
  return !std::exchange(all.servers[identity].warned, true);
}

ConditionReport by_construction() {
  ConditionReport report;
  report.verdict = Conditions::honoured;
  report.words = "kept by construction or by the server's documentation; not probed";
  report.reached = true;
  return report;
}

void warn(const std::string& identity, const ConditionReport& report) {
  if (!first_warning(identity)) return;
  log(LogLevel::warn,
      identity + " does not keep the conditions of PUT requests (" +
          std::string(conditions_name(report.verdict)) + ": " + report.words +
          "); before each commit the entity tag is compared instead, which misses commits of two "
          "processes to one file at the same moment: let one process at a time change the "
          "structure of a file there (`arraymorph doctor` tries the server again)");
}

// From this process or, where the configuration allows, an earlier one.
std::optional<ConditionReport> known_about(const std::string& identity, const Config& config) {
  if (auto known = recall(identity)) return known;
  if (config.probe != Probe::automatic) return std::nullopt;
  auto known = load_verdict(config.cache_directory, identity);
  if (known) remember(identity, *known);
  return known;
}

// The best check without the server's help.
Status check_by_head(ObjectStore& store, const PutRequest& request) {
  const auto now = head(store, request.key);
  if (!now.ok() && now.status().code() != Code::not_found) return now.status();
  const std::string what = store.url() + "/" + request.key;
  if (request.condition.kind == Kind::if_absent) {
    return now.ok() ? Status(Code::already_exists, what + " exists") : Status();
  }
  if (!now.ok()) return {Code::conflict, what + std::string(kRemoved)};
  if (now->etag == request.condition.etag) return {};
  return {Code::conflict, what + " was changed by somebody else"};
}

}  // namespace

ConditionReport probe_now(ObjectStore& store, const std::string& folder, const Config& config,
                          ProbeSize size) {
  if (store.keeps_conditions()) return by_construction();
  ConditionReport report = probe_conditions(store.uncounted(), folder, size);
  if (report.verdict == Conditions::unknown) return report;
  const std::string identity = store.identity();
  remember(identity, report);
  save_verdict(config.cache_directory, identity, report);
  return report;
}

Result<PutReply> guarded_put(ObjectStore& store, PutRequest request, const Config& config) {
  if (store.keeps_conditions() || request.condition.kind == Kind::always) {
    return put(store, std::move(request));
  }
  const std::string identity = store.identity();
  ConditionReport report;
  if (config.probe == Probe::off) {
    // The server is trusted.
  } else if (auto known = known_about(identity, config)) {
    report = std::move(*known);
  } else if (last_flush_runs()) {
    // No time for a probe: both checks, of which one will do. Some may put and not look.
    const Status checked = check_by_head(store, request);
    if (!checked.ok() && checked.code() != Code::permission_denied) return checked;
  } else {
    const std::string folder = request.key.substr(0, request.key.rfind('/') + 1);
    report = probe_now(store, folder, config, kQuickProbe);
    if (!report.reached && !report.failure.ok()) {
      // The server is away: asking it once more would only take as long again.
      return report.failure.with_context("cannot store " + store.url() + "/" + request.key);
    }
  }
  if (report.verdict == Conditions::honoured || report.verdict == Conditions::unknown) {
    auto reply = put(store, request);
    if (reply.ok() || reply.status().code() != Code::unsupported) return reply;
    report.verdict = Conditions::unsupported;
    report.words = reply.status().message();
    remember(identity, report);
  }
  warn(identity, report);
  ARRAYMORPH_TRY(check_by_head(store, request));
  if (report.verdict == Conditions::unsupported) request.condition = {};
  return put(store, std::move(request));
}

}  // namespace arraymorph::store
