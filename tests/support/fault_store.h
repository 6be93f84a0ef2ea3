// A real store behind a wrapper that counts requests and lets chosen ones fail.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "arraymorph/object_store.h"

namespace arraymorph::test {

enum class Verb { get, put, head, remove, list, copy };

class FaultStore final : public ObjectStore {
 public:
  explicit FaultStore(std::shared_ptr<ObjectStore> inner) : inner_(std::move(inner)) {}

  /// Asked before each request with how many of its verb came before; true: it fails as
  /// unavailable and does not reach the store. Called from any thread.
  using Fails = std::function<bool(Verb verb, std::size_t nth, const std::string& key)>;
  void set_fails(Fails fails) {
    const std::lock_guard lock(mutex_);
    fails_ = std::move(fails);
  }

  /// From now on PUTs wait for release_puts().
  void hold_puts() {
    const std::lock_guard lock(mutex_);
    holds_ = true;
  }
  std::size_t held_puts() const {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  void release_puts() {
    std::vector<std::function<void()>> held;
    {
      const std::lock_guard lock(mutex_);
      holds_ = false;
      held.swap(held_);
    }
    for (const auto& put : held) put();
  }

  std::size_t count(Verb verb) const {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(verb);
    return found == counts_.end() ? 0 : found->second;
  }
  void reset_counts() {
    const std::lock_guard lock(mutex_);
    counts_.clear();
  }

  void get(GetRequest request, Done<GetReply> done) override {
    if (fails(Verb::get, request.key)) return done(failure(request.key));
    inner_->get(std::move(request), std::move(done));
  }
  void put(PutRequest request, Done<PutReply> done) override {
    if (fails(Verb::put, request.key)) return done(failure(request.key));
    {
      const std::lock_guard lock(mutex_);
      if (holds_) {
        held_.push_back([this, request, done] { inner_->put(request, done); });
        return;
      }
    }
    inner_->put(std::move(request), std::move(done));
  }
  void head(std::string key, Done<ObjectInfo> done) override {
    if (fails(Verb::head, key)) return done(failure(key));
    inner_->head(std::move(key), std::move(done));
  }
  void remove(std::vector<std::string> keys, DoneStatus done) override {
    if (fails(Verb::remove, keys.front())) return done(failure(keys.front()));
    inner_->remove(std::move(keys), std::move(done));
  }
  void list(ListRequest request, Done<ListReply> done) override {
    if (fails(Verb::list, request.prefix)) return done(failure(request.prefix));
    inner_->list(std::move(request), std::move(done));
  }
  void copy(std::string from, std::string to, DoneStatus done) override {
    if (fails(Verb::copy, from)) return done(failure(from));
    inner_->copy(std::move(from), std::move(to), std::move(done));
  }
  const std::string& url() const override { return inner_->url(); }

 private:
  static Status failure(const std::string& key) {
    return {Code::unavailable, key + ": injected failure"};
  }

  bool fails(Verb verb, const std::string& key) {
    const std::lock_guard lock(mutex_);
    const std::size_t nth = counts_[verb]++;
    return fails_ && fails_(verb, nth, key);
  }

  const std::shared_ptr<ObjectStore> inner_;
  mutable std::mutex mutex_;
  std::map<Verb, std::size_t> counts_;
  Fails fails_;
  bool holds_ = false;
  std::vector<std::function<void()>> held_;
};

}  // namespace arraymorph::test
