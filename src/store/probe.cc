#include "store/probe.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <latch>
#include <memory>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace arraymorph::store {
namespace {

using Kind = PutCondition::Kind;

constexpr std::array<std::pair<Conditions, std::string_view>, 5> kNames{{
    {Conditions::honoured, "honoured"},
    {Conditions::ignored, "ignored"},
    {Conditions::racy, "racy"},
    {Conditions::unsupported, "unsupported"},
    {Conditions::unknown, "unknown"},
}};

constexpr unsigned kRacesAtOnce = 4;  // of each condition
constexpr const char* kWrongTag = "\"00000000000000000000000000000000\"";

bool refused(const Status& status) {
  return status.code() == Code::already_exists || status.code() == Code::conflict;
}

std::string random_name() {
  std::random_device device;
  return std::to_string(device()) + std::to_string(device());
}

std::shared_ptr<const Buffer> body_of(const std::string& text) {
  Buffer bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return std::make_shared<const Buffer>(std::move(bytes));
}

bool same(const Buffer& a, const Buffer& b) {
  return a.size() == b.size() && std::equal(a.data(), a.data() + a.size(), b.data());
}

// Answers of requests that are under way together. Shared with their callbacks.
template <class Reply>
struct Answers {
  explicit Answers(std::size_t count)
      : missing(static_cast<std::ptrdiff_t>(count)),
        replies(count, Result<Reply>(Status(Code::internal, "not answered"))) {}
  std::latch missing;
  std::vector<Result<Reply>> replies;
};

template <class Reply, class Send>
std::vector<Result<Reply>> all_at_once(std::size_t count, const Send& send) {
  const auto answers = std::make_shared<Answers<Reply>>(count);
  for (std::size_t i = 0; i < count; ++i) {
    send(i, [answers, i](Result<Reply> reply) {
      answers->replies[i] = std::move(reply);
      answers->missing.count_down();
    });
  }
  answers->missing.wait();
  return std::move(answers->replies);
}

// One key that several writers want at one moment.
struct Race {
  std::string key;
  PutCondition condition;
};

class Prober {
 public:
  Prober(ObjectStore& store, const std::string& folder, ProbeSize size)
      : store_(store),
        folder_(folder + std::string(kProbeFolder) + random_name() + "/"),
        size_(size) {}

  ConditionReport run() {
    one_after_the_other();
    for (unsigned done = 0; undecided() && done < size_.rounds; done += kRacesAtOnce) {
      at_once(std::min(kRacesAtOnce, size_.rounds - done));
    }
    if (undecided()) judge_rounds();
    // Also what a request left that failed for us; what stays here is scratch for `gc`.
    if (!keys_.empty()) (void)remove(store_, keys_);
    return std::move(report_);
  }

 private:
  bool undecided() const { return report_.words.empty(); }

  void decide(Conditions verdict, std::string words) {
    report_.verdict = verdict;
    report_.words = std::move(words);
  }

  void give_up(const Status& failure) {
    decide(Conditions::unknown, "could not be tried: " + failure.message());
    report_.failure = failure;
  }

  // Bodies differ, so that an answer that got lost is never mistaken for another writer's.
  PutRequest request(const Race& race) {
    return {race.key, body_of(race.key + " " + std::to_string(++serial_)), race.condition, false};
  }

  std::string new_key() {
    keys_.push_back(folder_ + std::to_string(keys_.size()));
    return keys_.back();
  }

  // One writer: what must succeed, and what must not.
  void one_after_the_other() {
    const std::string key = new_key();
    const PutRequest first = request({key, {Kind::if_absent, {}}});
    const auto created = put(store_, first);
    report_.reached = created.status().code() != Code::unavailable;
    if (!created.ok()) return judge_refusal(created.status(), "If-None-Match: * of a new object");
    if (!must_fail({key, {Kind::if_absent, {}}}, "If-None-Match: * replaced an existing object") ||
        !must_fail({key, {Kind::if_match, kWrongTag}},
                   "If-Match with another entity tag replaced the object")) {
      return;
    }
    const auto kept = get(store_, {key, {}, {}});
    if (!kept.ok()) return give_up(kept.status());
    if (!same(kept->body, *first.body)) {
      return decide(Conditions::ignored, "a PUT whose condition failed was stored all the same");
    }
    const auto replaced = put(store_, request({key, {Kind::if_match, created->etag}}));
    if (!replaced.ok()) judge_refusal(replaced.status(), "If-Match with the current entity tag");
  }

  void judge_refusal(const Status& status, const std::string& what) {
    if (status.code() != Code::unsupported && !refused(status)) return give_up(status);
    decide(Conditions::unsupported, "a PUT with " + what + " is refused: " + status.message());
  }

  bool must_fail(const Race& race, const char* otherwise) {
    const auto reply = put(store_, request(race));
    if (reply.ok()) {
      decide(Conditions::ignored, std::string("a PUT with ") + otherwise);
    } else if (!refused(reply.status())) {
      judge_refusal(reply.status(), "a condition that does not hold");
    }
    return undecided();
  }

  // Several keys together: servers that make writers wait for each other take long for each.
  void at_once(unsigned rounds) {
    std::vector<Race> races;
    for (unsigned i = 0; i < rounds; ++i) races.push_back({new_key(), {Kind::if_absent, {}}});
    for (unsigned i = 0; i < rounds; ++i) {
      const Race made{new_key(), {}};
      const auto reply = put(store_, request(made));
      if (!reply.ok()) return give_up(reply.status());
      races.push_back({made.key, {Kind::if_match, reply->etag}});
    }
    const std::size_t writers = size_.writers;
    // As many connections as the race needs, so that it does not start with opening them.
    all_at_once<ObjectInfo>(rounds * writers, [&](std::size_t i, Done<ObjectInfo> done) {
      store_.head(keys_[i % keys_.size()], std::move(done));
    });
    std::vector<PutRequest> requests;
    for (std::size_t i = 0; i < races.size() * writers; ++i) {
      requests.push_back(request(races[i / writers]));
    }
    const auto replies =
        all_at_once<PutReply>(requests.size(), [&](std::size_t i, Done<PutReply> done) {
          store_.put(std::move(requests[i]), std::move(done));
        });
    const auto after = all_at_once<ObjectInfo>(
        races.size(),
        [&](std::size_t i, Done<ObjectInfo> done) { store_.head(races[i].key, std::move(done)); });
    for (std::size_t i = 0; undecided() && i < races.size(); ++i) {
      count(std::span(replies).subspan(i * writers, writers), after[i],
            i < rounds ? report_.if_absent : report_.if_match);
    }
  }

  void count(std::span<const Result<PutReply>> replies, const Result<ObjectInfo>& after,
             ProbeTally& tally) {
    unsigned succeeded = 0;
    std::string winner;
    Status failure;
    for (const auto& reply : replies) {
      if (reply.ok()) {
        ++succeeded;
        winner = reply->etag;
      } else if (!refused(reply.status())) {
        failure = reply.status();
      }
    }
    if (!after.ok() && after.status().code() != Code::not_found) failure = after.status();
    if (succeeded < 2 && !failure.ok()) return give_up(failure);
    ++tally.rounds;
    if (succeeded > 1) {
      ++tally.several;
    } else if (succeeded == 0) {
      ++tally.none;
    } else if (!after.ok() || after->etag != winner) {
      ++tally.wrong;
    }
  }

  std::string describe(const ProbeTally& tally, const char* condition) const {
    std::string text = std::string(condition) + ": in ";
    const auto of = [&](unsigned count) {
      return std::to_string(count) + " of " + std::to_string(tally.rounds) + " rounds ";
    };
    const unsigned right = tally.rounds - tally.several - tally.none - tally.wrong;
    text += of(right) + "exactly one of " + std::to_string(size_.writers) +
            " writers at one moment succeeded";
    if (tally.several > 0) text += ", in " + of(tally.several) + "several";
    if (tally.none > 0) text += ", in " + of(tally.none) + "none";
    if (tally.wrong > 0) text += ", in " + of(tally.wrong) + "another one's object stayed";
    return text;
  }

  void judge_rounds() {
    const ProbeTally& absent = report_.if_absent;
    const ProbeTally& match = report_.if_match;
    const bool bad = absent.several + absent.wrong + match.several + match.wrong > 0;
    decide(bad ? Conditions::racy : Conditions::honoured,
           describe(absent, "If-None-Match") + "; " + describe(match, "If-Match"));
  }

  ObjectStore& store_;
  const std::string folder_;
  const ProbeSize size_;
  ConditionReport report_;
  std::vector<std::string> keys_;
  unsigned serial_ = 0;
};

}  // namespace

std::string_view conditions_name(Conditions verdict) noexcept {
  for (const auto& [each, name] : kNames) {
    if (each == verdict) return name;
  }
  return "unknown";
}

Conditions conditions_from_name(std::string_view name) noexcept {
  for (const auto& [verdict, each] : kNames) {
    if (each == name) return verdict;
  }
  return Conditions::unknown;
}

ConditionReport probe_conditions(ObjectStore& store, const std::string& folder, ProbeSize size) {
  return Prober(store, folder, size).run();
}

}  // namespace arraymorph::store
