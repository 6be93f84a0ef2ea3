// A real store behind a wrapper that treats the conditions of PUTs as bad servers do.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "arraymorph/object_store.h"

namespace arraymorph::test {

/// How conditions are treated.
enum class Lie {
  ignores,  ///< every PUT is stored
  races,    ///< checked, but time passes between the check and the storing
  refuses,  ///< "not implemented"
  drops,    ///< checked, yet what a refused writer sent is stored
};

class LyingStore final : public ObjectStore {
 public:
  LyingStore(std::shared_ptr<ObjectStore> inner, Lie lie)
      : inner_(std::move(inner)), lie_(lie), name_("lying server " + std::to_string(serial_++)) {}
  // Storing that was put off ends before the store does.
  ~LyingStore() override {
    for (std::thread& each : late_) each.join();
  }

  std::size_t puts() const { return puts_; }
  std::size_t heads() const { return heads_; }

  void put(PutRequest request, Done<PutReply> done) override {
    ++puts_;
    if (request.condition.kind == PutCondition::Kind::always) {
      return inner_->put(std::move(request), std::move(done));
    }
    switch (lie_) {
      case Lie::refuses:
        return done(Status(Code::unsupported, "PUT " + request.key + ": 501 NotImplemented"));
      case Lie::ignores:
        request.condition = {};
        return inner_->put(std::move(request), std::move(done));
      case Lie::drops: {
        auto reply = arraymorph::put(*inner_, request);
        if (!reply.ok()) {
          request.condition = {};
          (void)arraymorph::put(*inner_, std::move(request));
        }
        return done(std::move(reply));
      }
      case Lie::races:
        break;
    }
    const Status checked = check(request);
    if (!checked.ok()) return done(checked);
    const std::lock_guard lock(mutex_);
    late_.emplace_back([this, request = std::move(request), done = std::move(done)]() mutable {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      request.condition = {};
      inner_->put(std::move(request), std::move(done));
    });
  }

  void get(GetRequest request, Done<GetReply> done) override {
    inner_->get(std::move(request), std::move(done));
  }
  void head(std::string key, Done<ObjectInfo> done) override {
    ++heads_;
    inner_->head(std::move(key), std::move(done));
  }
  void remove(std::vector<std::string> keys, DoneStatus done) override {
    inner_->remove(std::move(keys), std::move(done));
  }
  void list(ListRequest request, Done<ListReply> done) override {
    inner_->list(std::move(request), std::move(done));
  }
  void copy(std::string from, std::string to, DoneStatus done) override {
    inner_->copy(std::move(from), std::move(to), std::move(done));
  }
  const std::string& url() const override { return inner_->url(); }
  std::string identity() const override { return name_; }

 private:
  Status check(const PutRequest& request) {
    const auto now = arraymorph::head(*inner_, request.key);
    if (request.condition.kind == PutCondition::Kind::if_absent) {
      return now.ok() ? Status(Code::already_exists, request.key + " exists") : Status();
    }
    const bool same = now.ok() && now->etag == request.condition.etag;
    return same ? Status() : Status(Code::conflict, request.key + " was changed");
  }

  static inline std::atomic<unsigned> serial_{0};

  const std::shared_ptr<ObjectStore> inner_;
  const Lie lie_;
  const std::string name_;
  std::atomic<std::size_t> puts_{0};
  std::atomic<std::size_t> heads_{0};
  std::mutex mutex_;
  std::vector<std::thread> late_;
};

}  // namespace arraymorph::test
