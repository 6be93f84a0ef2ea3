// Client when the process ends or forks.
#include <algorithm>
#include <utility>

#include "store/s3/client.h"

namespace arraymorph::store::s3 {
namespace {

constexpr std::chrono::seconds kCancelGrace{2};

}  // namespace

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
    inquiring_ = false;
    credentials_ = Credentials::unknown;
  }
  mutex_.unlock();
}

}  // namespace arraymorph::store::s3
