#include "store/s3/client.h"

#include <aws/common/task_scheduler.h>
#include <aws/s3/s3.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <random>
#include <utility>

#include "runtime/checksum.h"
#include "runtime/log.h"
#include "runtime/stats.h"
#include "store/s3/check_answer.h"
#include "store/s3/library.h"

namespace arraymorph::store::s3 {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t kRequestsPerConnection = 4;  // enough to keep connections busy
// Memory set aside for bodies before they arrive: enough for any connection, and soon used again.
constexpr std::size_t kMaxSetAside = 64 << 20;
constexpr milliseconds kCredentialsWait{5000};
constexpr unsigned kSoonRetries = 2;
constexpr std::uint64_t kSoonDelayMs = 100;
constexpr std::uint64_t kLaterDelayMs = 200;  // doubled with each attempt
constexpr std::uint64_t kMaxDelayMs = 5000;
constexpr unsigned kMaxRetryAfter = 30;                     // seconds that a server may ask for
constexpr std::uint64_t kSlowestBytesPerSecond = 64 << 10;  // body bytes add to the deadline
constexpr std::uint64_t kMostSeconds = 31536000;
constexpr milliseconds kLongestWatch{1000};
constexpr std::chrono::seconds kCancelGrace{2};

std::string authority_of(const S3Endpoint& endpoint, const std::string& region) {
  if (!endpoint.aws()) return endpoint.authority;
  return "s3." + region + (region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com");
}

std::string scheme_of(const S3Endpoint& endpoint) { return endpoint.tls ? "https://" : "http://"; }

Address address_of(const S3Endpoint& endpoint, const std::string& bucket,
                   const std::string& region) {
  // A certificate for *.host does not cover a bucket with a dot in its name.
  const bool path_style =
      endpoint.path_style || (endpoint.aws() && bucket.find('.') != std::string::npos);
  Address address;
  address.host = (path_style ? "" : bucket + ".") + authority_of(endpoint, region);
  address.endpoint = scheme_of(endpoint) + address.host;
  address.path_prefix = endpoint.prefix;
  if (path_style) address.path_prefix += "/" + encode_path(bucket);
  address.region = region;
  address.sign_payload = endpoint.sign_payload;
  return address;
}

// Jitter, so that many clients do not come back at the same instant.
milliseconds retry_delay(const Verdict& verdict, const Failure& failure, unsigned failures) {
  std::uint64_t most = std::min(kMaxDelayMs, kLaterDelayMs << std::min(failures, 10u));
  if (verdict.retry == Retry::soon) most = kSoonDelayMs;
  thread_local std::minstd_rand random(std::random_device{}());
  const std::uint64_t delay = std::uniform_int_distribution<std::uint64_t>(most / 4, most)(random);
  const std::uint64_t asked = failure.retry_after > kMaxRetryAfter ? 0 : failure.retry_after;
  return milliseconds(delay + asked * 1000);
}

std::uint64_t milliseconds_since(Clock::time_point begin) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<milliseconds>(Clock::now() - begin).count());
}

// One attempt on one line: "GET s3://bucket/key: 206, 1048576 bytes, 3.2 ms".
void log_attempt(const Request& request, const std::optional<Failure>& failure,
                 const Target& target) {
  if (!log_enabled(LogLevel::debug)) return;
  const int status = !failure                    ? request.answer.status
                     : failure->http_status != 0 ? failure->http_status
                                                 : failure->seen_status;
  const double spent =
      std::chrono::duration<double, std::milli>(Clock::now() - request.attempt_begun).count();
  char time[32];
  std::snprintf(time, sizeof time, "%.1f ms", spent);
  const std::size_t bytes = request.body ? request.body->size() : request.answer.received;
  std::string line = describe(request, target) + ": " + std::to_string(status);
  if (failure && failure->http_status == 0) {
    line.append(" ").append(aws_error_str(failure->engine_error));
  }
  log(LogLevel::debug, line + ", " + std::to_string(bytes) + " bytes, " + time);
}

// Makes `run` happen on an event loop; the loops run what is left when they end.
struct Timer {
  aws_task task{};
  std::function<void()> run;

  static void start(milliseconds delay, std::function<void()> run) {
    auto* timer = new Timer;
    timer->run = std::move(run);
    aws_task_init(&timer->task, fire, timer, "arraymorph");
    Library::instance().schedule(&timer->task, static_cast<std::uint64_t>(delay.count()));
  }

  static void fire(aws_task*, void* self, aws_task_status) {
    const std::unique_ptr<Timer> timer(static_cast<Timer*>(self));
    timer->run();
  }
};

}  // namespace

Client::Client(const std::string& bucket, const Config& config, const S3Endpoint& endpoint)
    : Client(
          {bucket, scheme_of(endpoint) + authority_of(endpoint, config.s3.region) + endpoint.prefix,
           config.s3.region, config.s3.anonymous},
          address_of(endpoint, bucket, config.s3.region),
          {endpoint, config.s3.region, config.s3.ca_bundle, config.s3.sources.ca_bundle,
           CredentialSource(config.s3), config.connections, config.event_loops,
           config.timeout_seconds},
          config) {}

Client::Client(Target target, Address address, SessionOptions options, const Config& config)
    : target_(std::move(target)),
      address_(std::move(address)),
      options_(std::move(options)),
      retries_(config.retries),
      deadline_(config.deadline_seconds),
      limit_(kRequestsPerConnection * config.connections) {}

void Client::send(std::shared_ptr<Request> request) {
  // On the caller's thread, which is often a worker, not on the few event loops.
  if (address_.sign_payload && !options_.source.anonymous) {
    request->payload_hash = sha256_hex(request->body ? request->body->span() : ConstByteSpan());
  }
  Lock lock(mutex_);
  queue_.push_back(std::move(request));
  if (!stopping_) pump(lock);
}

// Hands queued requests to the engine as far as the limit allows. Releases the lock around
// callbacks.
void Client::pump(Lock& lock) {
  while (!queue_.empty() && !stopping_) {
    if (!session_) {
      Result<std::unique_ptr<Session>> opened = Session::open(options_);
      if (!opened.ok()) return fail_queued(lock, opened.status());
      session_ = std::move(*opened);
      credentials_ = options_.source.fixed() ? Credentials::ready : Credentials::unknown;
    }
    if (credentials_ == Credentials::unknown) {
      look_up_credentials(lock);
      continue;
    }
    if (credentials_ == Credentials::late) {
      return fail_queued(lock, Status(Code::permission_denied, options_.source.advice()));
    }
    if (credentials_ == Credentials::pending || !may_start(*queue_.front())) return;
    const std::shared_ptr<Request> request = std::move(queue_.front());
    queue_.pop_front();
    ++active_;
    set_aside_ += request->set_aside;
    if (const Status status = launch(request); !status.ok()) complete(lock, request, status);
  }
}

bool Client::may_start(const Request& request) const {
  if (active_ == 0) return true;
  return active_ < limit_ && set_aside_ + request.set_aside <= kMaxSetAside;
}

// With the lock held: the attempt may finish only after it has been entered.
Status Client::launch(const std::shared_ptr<Request>& request) {
  const Clock::time_point now = Clock::now();
  request->attempt_begun = now;
  if (!request->begun) request->begun = now;
  request->generation = session_->generation();
  Attempt* attempt = nullptr;
  std::string refused;
  try {
    attempt = Attempt::start(
        *session_, address_, request,
        [self = shared_from_this()](Attempt& ended, const std::optional<Failure>& failure) {
          self->finish(ended, failure);
        });
    if (attempt == nullptr) refused = aws_error_str(aws_last_error());
  } catch (const std::exception&) {
    refused = "out of memory";
  }
  if (attempt == nullptr) {
    return Status(Code::internal, describe(*request, target_) + ": " + refused);
  }
  ++request->attempts;
  attempts_.insert(attempt);
  watch();
  return Status();
}

Status Client::launch_again(const std::shared_ptr<Request>& request) {
  count(stats().retries);
  return launch(request);
}

// Called by the engine, which must not be left by an exception.
void Client::finish(Attempt& attempt, const std::optional<Failure>& failure) {
  const std::shared_ptr<Request> request = attempt.request();
  try {
    log_attempt(*request, failure, target_);
    std::optional<Verdict> verdict = outcome(*request, failure);
    Lock lock(mutex_);
    attempts_.erase(&attempt);
    conclude(lock, request, failure, std::move(verdict));
    pump(lock);
  } catch (const std::exception&) {
    Lock lock(mutex_);
    attempts_.erase(&attempt);
    if (request->done) complete(lock, request, Status(Code::internal, "out of memory"));
  }
}

// What the end of an attempt means; nothing: it has succeeded.
std::optional<Verdict> Client::outcome(const Request& request,
                                       const std::optional<Failure>& failure) {
  const auto refuse = [&](Code code, const char* why) {
    return Verdict{Status(code, describe(request, target_) + why)};
  };
  if (request.out_of_memory) {
    return refuse(Code::internal, ": out of memory for what the server sends");
  }
  if (request.overflow || (!failure && !request.fits())) {
    return refuse(Code::corrupt, ": the object is longer than expected");
  }
  // Also where the attempt was ended because its headers were wrong.
  const bool answered = request.answer.status / 100 == 2;
  if (answered) {
    if (auto wrong = failure ? check_headers(request, target_) : check_answer(request, target_)) {
      return wrong;
    }
  }
  if (failure) return judge(request, *failure, target_);
  return std::nullopt;
}

void Client::conclude(Lock& lock, const std::shared_ptr<Request>& request,
                      const std::optional<Failure>& failure, std::optional<Verdict> verdict) {
  if (failure) {
    request->failed_status = failure->http_status;
    request->location = failure->location;
  }
  if (request->expired && failure && failure->engine_error == AWS_ERROR_S3_CANCELED) {
    request->lost = true;
    return complete(lock, request, too_late(*request));
  }
  if (may_ask_plainly(*request, failure)) {
    request->in_place = 0;
    if (const Status status = launch_again(request); !status.ok()) complete(lock, request, status);
    return;
  }
  if (!verdict) return complete(lock, request, std::move(request->answer));
  request->lost = request->lost || verdict->retry == Retry::later || cancelling_;
  if (verdict->retry == Retry::renewed && renew_credentials(*request)) {
    if (const Status status = launch_again(request); !status.ok()) complete(lock, request, status);
    return;
  }
  if (!may_retry(*request, verdict->retry)) return complete(lock, request, verdict->status);
  request->cause = verdict->status.message();
  const Failure cause = failure.value_or(Failure());
  const milliseconds delay = retry_delay(*verdict, cause, request->failures);
  if (Clock::now() + delay >= due(*request)) {
    return complete(lock, request, too_late(*request));
  }
  retry(request, cause, *verdict, delay);
}

void Client::retry(const std::shared_ptr<Request>& request, const Failure& failure,
                   const Verdict& verdict, milliseconds delay) {
  request->repeated = request->repeated || verdict.retry == Retry::once;
  ++request->failures;
  if (log_enabled(LogLevel::info)) {
    log(LogLevel::info,
        verdict.status.message() + "; attempt " + std::to_string(request->attempts + 1) + " in " +
            std::to_string(delay.count()) + " ms" +
            (failure.retry_after > 0
                 ? " (the server said Retry-After: " + std::to_string(failure.retry_after) + ")"
                 : ""));
  }
  waiting_.insert(request);
  Timer::start(delay, [self = shared_from_this(), request] {
    Lock lock(self->mutex_);
    if (self->waiting_.erase(request) == 0) return;
    if (const Status status = self->launch_again(request); !status.ok()) {
      self->complete(lock, request, status);
      self->pump(lock);
    }
  });
}

// Once for each request, and once for all requests that were sent with the same credentials.
bool Client::renew_credentials(Request& request) {
  if (cancelling_ || options_.source.fixed() || request.renewed) return false;
  request.renewed = true;
  if (request.generation != session_->generation()) return true;
  const Status status = session_->renew_credentials(options_);
  log(LogLevel::info, target_.endpoint + " says that the credentials have expired: " +
                          (status.ok() ? "asked for new ones" : status.message()));
  return status.ok();
}

// Huge bodies on slow links are not cut off: what the caller knows to come adds to the time. What a
// server announces does not.
Clock::time_point Client::due(const Request& request) const {
  const std::uint64_t seconds = request.expected / kSlowestBytesPerSecond;
  return *request.begun + deadline_ + std::chrono::seconds(std::min(seconds, kMostSeconds));
}

Status Client::too_late(const Request& request) const {
  std::string text = describe(request, target_) + ": not done after " +
                     std::to_string(milliseconds_since(*request.begun) / 1000) + " s and " +
                     std::to_string(request.attempts) +
                     (request.attempts == 1 ? " attempt at " : " attempts at ") + target_.endpoint +
                     " (ARRAYMORPH_DEADLINE=" + std::to_string(deadline_.count()) + ")";
  if (request.expired) {
    text += "; the last attempt was not answered in full within " +
            std::to_string(milliseconds_since(request.attempt_begun) / 1000) + " s";
  }
  if (!request.cause.empty()) text += "; the attempt before failed: " + request.cause;
  return Status(Code::unavailable, text);
}

// One look at all attempts now and then, while there are any, costs less than a timer for each.
void Client::watch() {
  if (std::exchange(watching_, true)) return;
  const milliseconds interval = std::min(kLongestWatch, milliseconds(deadline_) / 8);
  Timer::start(interval, [self = shared_from_this()] { self->on_watch(); });
}

void Client::on_watch() {
  const Lock lock(mutex_);
  watching_ = false;
  const Clock::time_point now = Clock::now();
  for (Attempt* attempt : attempts_) {
    Request& request = *attempt->request();
    if (request.expired || now < due(request)) continue;
    request.expired = true;
    attempt->cancel();
  }
  if (active_ > 0 && session_) watch();
}

// The engine receives in place only what comes with all the headers S3 sends, and an empty object
// has no range. What is longer than expected, though not than `into`, is asked for as it is.
bool Client::may_ask_plainly(const Request& request, const std::optional<Failure>& failure) const {
  if (cancelling_ || request.in_place == 0) return false;
  if (!failure) return !request.fits() && request.into.empty();
  // A server without ranges would send all of the object, however large.
  if (request.range && request.answer.status == 200) return false;
  switch (failure->engine_error) {
    case AWS_ERROR_SHORT_BUFFER:
    case AWS_ERROR_DEST_COPY_TOO_SMALL:
    case AWS_ERROR_S3_MISSING_CONTENT_RANGE_HEADER:
    case AWS_ERROR_S3_INVALID_CONTENT_RANGE_HEADER:
    case AWS_ERROR_S3_MISSING_CONTENT_LENGTH_HEADER:
    case AWS_ERROR_S3_INVALID_CONTENT_LENGTH_HEADER:
    case AWS_ERROR_S3_MISSING_ETAG:
      return true;
    default:
      return failure->http_status == 416 && !request.range;
  }
}

bool Client::may_retry(const Request& request, Retry retry) const {
  if (cancelling_ || request.failures >= retries_) return false;
  switch (retry) {
    case Retry::later:
      return true;
    case Retry::soon:
      return request.failures < kSoonRetries;
    case Retry::once:
      return !request.repeated;
    case Retry::never:
    case Retry::renewed:
      break;
  }
  return false;
}

void Client::complete(Lock& lock, const std::shared_ptr<Request>& request, Result<Answer> answer) {
  lock.unlock();
  request->done(std::move(answer));
  request->done = nullptr;
  lock.lock();
  --active_;
  set_aside_ -= request->set_aside;
  changed_.notify_all();
}

void Client::fail_queued(Lock& lock, const Status& status) {
  std::deque<std::shared_ptr<Request>> failed = std::move(queue_);
  queue_.clear();
  lock.unlock();
  for (const std::shared_ptr<Request>& request : failed) {
    request->done(status.with_context(describe(*request, target_)));
  }
  lock.lock();
  changed_.notify_all();
}

// Looked up before the first request, so that a machine without any is told so within seconds
// instead of after the engine's retries.
void Client::look_up_credentials(Lock& lock) {
  credentials_ = Credentials::pending;
  Timer::start(kCredentialsWait, [self = shared_from_this()] { self->on_credentials_late(); });
  auto* self = new std::shared_ptr<Client>(shared_from_this());
  const auto found = [](aws_credentials* credentials, int, void* user_data) {
    const std::unique_ptr<std::shared_ptr<Client>> client(
        static_cast<std::shared_ptr<Client>*>(user_data));
    (*client)->on_credentials(credentials != nullptr);
  };
  aws_credentials_provider* const provider = session_->provider();
  lock.unlock();  // the answer may come before the call returns
  if (aws_credentials_provider_get_credentials(provider, found, self) != AWS_OP_SUCCESS) {
    found(nullptr, aws_last_error(), self);
  }
  lock.lock();
}

void Client::on_credentials(bool found) {
  Lock lock(mutex_);
  credentials_ = found ? Credentials::ready : Credentials::unknown;
  changed_.notify_all();
  if (found) {
    pump(lock);
  } else {
    fail_queued(lock, Status(Code::permission_denied, options_.source.advice()));
  }
}

void Client::on_credentials_late() {
  Lock lock(mutex_);
  if (credentials_ != Credentials::pending) return;
  credentials_ = Credentials::late;
  pump(lock);
}

// Waits until nothing is under way; after `deadline` what is left gets cancelled.
bool Client::drain(Lock& lock, Deadline deadline) {
  const auto idle = [&] {
    return active_ == 0 && queue_.empty() && credentials_ != Credentials::pending;
  };
  if (changed_.wait_until(lock, deadline, idle)) return true;
  cancelling_ = true;
  for (Attempt* attempt : attempts_) attempt->cancel();
  const Status cancelled(Code::unavailable, "cancelled, the process ends or forks");
  while (!waiting_.empty()) {
    const std::shared_ptr<Request> request = waiting_.extract(waiting_.begin()).value();
    complete(lock, request, cancelled.with_context(request->cause));
  }
  fail_queued(lock, cancelled);
  const bool drained = changed_.wait_for(lock, kCancelGrace, idle);
  cancelling_ = false;
  return drained;
}

void Client::stop(Deadline deadline) {
  Lock lock(mutex_);
  changed_.wait(lock, [&] { return !stopping_; });
  if (!session_ || !drain(lock, deadline)) return;
  stopping_ = true;
  const std::unique_ptr<Session> session = std::move(session_);
  credentials_ = Credentials::unknown;
  lock.unlock();
  session->close(std::max(deadline, std::chrono::steady_clock::now() + kCancelGrace));
  lock.lock();
  stopping_ = false;
  changed_.notify_all();
  pump(lock);
}

bool Client::stopped() {
  const Lock lock(mutex_);
  return !session_ && queue_.empty() && !stopping_;
}

void Client::before_fork() { mutex_.lock(); }

void Client::after_fork(bool child) {
  if (child && session_) {
    // Threads, sockets and what they had to do belong to the parent: forget, do not release.
    [[maybe_unused]] const Session* const theirs = session_.release();
    new std::deque<std::shared_ptr<Request>>(std::move(queue_));
    new std::set<std::shared_ptr<Request>>(std::move(waiting_));
    queue_.clear();
    waiting_.clear();
    attempts_.clear();
    active_ = 0;
    set_aside_ = 0;
    watching_ = false;
    credentials_ = Credentials::unknown;
  }
  mutex_.unlock();
}

}  // namespace arraymorph::store::s3
