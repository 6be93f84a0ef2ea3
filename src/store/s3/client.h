// Client: sends the requests of one bucket, with retries, and survives fork and shutdown.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "runtime/config.h"
#include "runtime/endpoint.h"
#include "runtime/lifecycle.h"
#include "store/s3/attempt.h"
#include "store/s3/errors.h"
#include "store/s3/request.h"
#include "store/s3/session.h"

namespace arraymorph::store::s3 {

class Client final : public Participant, public std::enable_shared_from_this<Client> {
 public:
  Client(const std::string& bucket, const Config& config, const S3Endpoint& endpoint);
  /// Of whatever lies at `address`.
  Client(Target target, Address address, SessionOptions options, const Config& config);

  /// Calls request->done exactly once, from any thread. Starts the engine when needed and holds
  /// requests back while too many are under way.
  void send(std::shared_ptr<Request> request);

  const Target& target() const { return target_; }

  Stage stage() const noexcept override { return Stage::clients; }
  void stop(Deadline deadline) override;
  bool stopped() override;
  void before_fork() override;
  void after_fork(bool child) override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  enum class Credentials { unknown, pending, ready, late };

  void pump(Lock& lock);
  bool may_start(const Request& request) const;
  Status launch(const std::shared_ptr<Request>& request);
  void finish(Attempt& attempt, const std::optional<Failure>& failure);
  std::optional<Verdict> outcome(const Request& request, const std::optional<Failure>& failure);
  void conclude(Lock& lock, const std::shared_ptr<Request>& request,
                const std::optional<Failure>& failure, std::optional<Verdict> verdict);
  void retry(const std::shared_ptr<Request>& request, const Failure& failure,
             const Verdict& verdict, std::chrono::milliseconds delay);
  Status launch_again(const std::shared_ptr<Request>& request);
  bool renew_credentials(Request& request);
  bool may_ask_why(Request& request, const std::optional<Failure>& failure) const;
  void end_asking(Request& request, std::optional<Verdict>& verdict) const;
  bool may_inquire(const std::optional<Failure>& failure) const;
  bool inquire_into(Lock& lock, const std::shared_ptr<Request>& request, const Status& status);
  void on_inquired(const std::shared_ptr<Request>& request, const Status& status,
                   const Failure& said);
  Target target_for(const Request& request) const;
  bool move_to(Request& request, const std::string& region);
  void complete(Lock& lock, const std::shared_ptr<Request>& request, Result<Answer> answer);
  void fail_queued(Lock& lock, const Status& status);
  bool may_ask_plainly(const Request& request, const std::optional<Failure>& failure) const;
  bool may_retry(const Request& request, Retry retry) const;
  std::chrono::steady_clock::time_point due(const Request& request) const;
  Status too_late(const Request& request) const;
  void watch();
  void on_watch();
  bool drain(Lock& lock, Deadline deadline);
  void look_up_credentials(Lock& lock);
  void on_credentials(bool found);
  void on_credentials_late();

  const Target target_;  // as configured; the region in use is that of address_
  const bool sign_payload_;
  const SessionOptions options_;
  const std::uint32_t retries_;
  const std::chrono::seconds deadline_;  // of a request, all attempts together
  const std::size_t limit_;              // requests in the engine

  std::mutex mutex_;
  Address address_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Request>> queue_;        // not handed to the engine yet
  std::set<Attempt*> attempts_;                       // in the engine
  std::set<std::shared_ptr<Request>> waiting_;        // for their next attempt
  std::size_t active_ = 0;                            // requests in the engine or waiting to retry
  std::size_t set_aside_ = 0;                         // bytes of the requests that count as active
  bool stopping_ = false;                             // new requests wait
  bool cancelling_ = false;                           // no more retries
  bool watching_ = false;                             // on_watch() will be called
  bool inquiring_ = false;                            // on_inquired() will be called
  std::chrono::steady_clock::time_point inquired_{};  // when that was last asked for
  Credentials credentials_ = Credentials::unknown;
  std::unique_ptr<Session> session_;
};

}  // namespace arraymorph::store::s3
