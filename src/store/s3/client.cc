#include "store/s3/client.h"

#include <aws/common/task_scheduler.h>
#include <aws/s3/s3.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include "runtime/stats.h"
#include "store/s3/library.h"
#include "store/s3/payload_hash.h"

namespace arraymorph::store::s3 {
namespace {

constexpr std::size_t kRequestsPerConnection = 4;  // enough to keep connections busy
// Memory set aside for bodies before they arrive: enough for any connection, and soon used again.
constexpr std::size_t kMaxSetAside = 64 << 20;
constexpr std::uint64_t kCredentialsWaitMs = 5000;
constexpr unsigned kSoonRetries = 2;
constexpr std::uint64_t kSoonDelayMs = 100;
constexpr std::uint64_t kLaterDelayMs = 200;  // doubled with each attempt
constexpr std::uint64_t kMaxDelayMs = 5000;
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
  if (path_style) address.path_prefix = "/" + encode_path(bucket);
  address.region = region;
  address.sign_payload = endpoint.sign_payload;
  return address;
}

// Full jitter, so that many clients do not come back at the same instant.
std::uint64_t retry_delay(Retry retry, unsigned failures) {
  if (retry == Retry::soon) return kSoonDelayMs;
  const std::uint64_t most = std::min(kMaxDelayMs, kLaterDelayMs << std::min(failures, 10u));
  thread_local std::minstd_rand random(std::random_device{}());
  return std::uniform_int_distribution<std::uint64_t>(most / 4, most)(random);
}

// Makes `run` happen on an event loop; the loops run what is left when they end.
struct Timer {
  aws_task task{};
  std::function<void()> run;

  static void start(std::uint64_t delay_ms, std::function<void()> run) {
    auto* timer = new Timer;
    timer->run = std::move(run);
    aws_task_init(&timer->task, fire, timer, "arraymorph");
    Library::instance().schedule(&timer->task, delay_ms);
  }

  static void fire(aws_task*, void* self, aws_task_status) {
    const std::unique_ptr<Timer> timer(static_cast<Timer*>(self));
    timer->run();
  }
};

}  // namespace

Client::Client(const std::string& bucket, const Config& config, const S3Endpoint& endpoint)
    : target_{bucket, scheme_of(endpoint) + authority_of(endpoint, config.s3.region),
              config.s3.region},
      address_(address_of(endpoint, bucket, config.s3.region)),
      options_{endpoint,
               config.s3.region,
               config.s3.ca_bundle,
               CredentialSource::from_environment(),
               config.connections,
               config.timeout_seconds},
      retries_(config.retries),
      limit_(kRequestsPerConnection * config.connections) {}

void Client::send(std::shared_ptr<Request> request) {
  // On the caller's thread, which is often a worker, not on the few event loops.
  if (address_.sign_payload) {
    request->payload_hash = payload_hash(request->body ? request->body->span() : ConstByteSpan());
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
  Attempt* const attempt = Attempt::start(
      *session_, address_, request,
      [self = shared_from_this()](Attempt& ended, const std::optional<Failure>& failure) {
        self->finish(ended, failure);
      });
  if (attempt == nullptr) {
    return Status(Code::internal,
                  describe(*request, target_) + ": " + aws_error_str(aws_last_error()));
  }
  attempts_.insert(attempt);
  return Status();
}

void Client::finish(Attempt& attempt, const std::optional<Failure>& failure) {
  const std::shared_ptr<Request> request = attempt.request();
  Lock lock(mutex_);
  attempts_.erase(&attempt);
  if (may_ask_plainly(*request, failure)) {
    request->in_place = 0;
    count(stats().retries);
    if (const Status status = launch(request); !status.ok()) complete(lock, request, status);
  } else if (!failure) {
    if (request->overflow || !request->fits()) {
      complete(lock, request,
               Status(Code::corrupt,
                      describe(*request, target_) + ": the object is longer than expected"));
    } else {
      complete(lock, request, std::move(request->answer));
    }
  } else {
    const Verdict verdict = judge(*request, *failure, target_);
    if (may_retry(*request, verdict.retry)) {
      request->lost = request->lost || verdict.retry == Retry::later;
      count(stats().retries);
      const std::uint64_t delay = retry_delay(verdict.retry, request->failures++);
      Timer::start(delay, [self = shared_from_this(), request] {
        Lock relock(self->mutex_);
        if (const Status status = self->launch(request); !status.ok()) {
          self->complete(relock, request, status);
          self->pump(relock);
        }
      });
    } else {
      complete(lock, request, verdict.status);
    }
  }
  pump(lock);
}

// The engine receives in place only what comes with all the headers S3 sends, and an empty object
// has no range. What is longer than expected, though not than `into`, is asked for as it is.
bool Client::may_ask_plainly(const Request& request, const std::optional<Failure>& failure) const {
  if (cancelling_ || request.in_place == 0) return false;
  if (!failure) return !request.fits() && request.into.empty();
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
  if (cancelling_ || retry == Retry::never || request.failures >= retries_) return false;
  return retry == Retry::later || request.failures < kSoonRetries;
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
  Timer::start(kCredentialsWaitMs, [self = shared_from_this()] { self->on_credentials_late(); });
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
  fail_queued(lock, Status(Code::unavailable, "cancelled, the process ends or forks"));
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
    queue_.clear();
    attempts_.clear();
    active_ = 0;
    set_aside_ = 0;
    credentials_ = Credentials::unknown;
  }
  mutex_.unlock();
}

}  // namespace arraymorph::store::s3
