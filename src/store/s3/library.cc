#include "store/s3/library.h"

#include <aws/common/clock.h>
#include <aws/common/task_scheduler.h>

#include <algorithm>
#include <utility>

#include "runtime/config/limits.h"
#include "runtime/log.h"
#include "store/s3/libraries.h"
#include "store/s3/limits.h"
#include "store/s3/resolver.h"

namespace arraymorph::store::s3 {
namespace {

constexpr std::chrono::seconds kGrace{2};

Status engine_failed(const char* what) {
  return Status(Code::internal,
                std::string("the S3 engine cannot start (") + what + "): " + last_engine_error());
}

}  // namespace

Library& Library::instance() {
  static const std::shared_ptr<Library>* const library = [] {
    auto* made = new std::shared_ptr<Library>(std::make_shared<Library>());
    enroll(*made);
    return made;
  }();
  return **library;
}

// As many as there are threads for.
void Library::start_loops(std::uint32_t wanted) {
  for (std::uint32_t count = wanted; count > 0 && loops_ == nullptr; count /= 2) {
    loops_gone_ = Latch::make();
    aws_shutdown_callback_options on_shutdown{};
    on_shutdown.shutdown_callback_fn = Latch::opened;
    on_shutdown.shutdown_callback_user_data = Latch::user_data(loops_gone_);
    loops_ = aws_event_loop_group_new_default(aws_default_allocator(),
                                              static_cast<std::uint16_t>(count), &on_shutdown);
    if (loops_ == nullptr) continue;
    wanted_loops_ = wanted;
    if (count < wanted) {
      config::warn_about_limits(std::to_string(count) + " of " + std::to_string(wanted) +
                                " event loops were started: the system gives no more threads "
                                "(raise `ulimit -u`, or set ARRAYMORPH_EVENT_LOOPS)");
    }
  }
}

Status Library::start(std::uint32_t event_loops) {
  aws_allocator* allocator = aws_default_allocator();
  start_libraries();
  // OpenSSL has registered its own exit handler now; ours must run before it.
  if (!std::exchange(exit_registered_, true)) shutdown_at_exit();

  start_loops(std::max(event_loops, 1u));
  if (loops_ == nullptr) return engine_failed("event loops");
  aws_host_resolver* const resolver = new_resolver(loops_);
  if (resolver == nullptr) return engine_failed("resolver");
  aws_client_bootstrap_options options{};
  options.event_loop_group = loops_;
  options.host_resolver = resolver;
  bootstrap_ = aws_client_bootstrap_new(allocator, &options);
  aws_host_resolver_release(resolver);
  return bootstrap_ == nullptr ? engine_failed("bootstrap") : Status();
}

Result<aws_client_bootstrap*> Library::acquire(std::uint32_t event_loops) {
  const std::lock_guard lock(mutex_);
  if (bootstrap_ == nullptr) ARRAYMORPH_TRY(start(event_loops));
  if (event_loops != wanted_loops_) {
    log(LogLevel::info, "ARRAYMORPH_EVENT_LOOPS: " + std::to_string(event_loops) +
                            " are asked for, but the process has " + std::to_string(wanted_loops_) +
                            ", as its first file asked for");
  }
  ++users_;
  return bootstrap_;
}

void Library::release() {
  const std::lock_guard lock(mutex_);
  --users_;
}

void Library::schedule(aws_task* task, std::uint64_t delay_ms) {
  aws_event_loop* loop = aws_event_loop_group_get_next_loop(loops_);
  std::uint64_t now = 0;
  aws_event_loop_current_clock_time(loop, &now);
  const std::uint64_t delay =
      aws_timestamp_convert(delay_ms, AWS_TIMESTAMP_MILLIS, AWS_TIMESTAMP_NANOS, nullptr);
  aws_event_loop_schedule_task_future(loop, task, now + delay);
}

void Library::stop(Deadline deadline) {
  const std::lock_guard lock(mutex_);
  if (bootstrap_ == nullptr || users_ > 0) return;
  aws_client_bootstrap_release(std::exchange(bootstrap_, nullptr));
  aws_event_loop_group_release(std::exchange(loops_, nullptr));
  // Idle loops end at once, so they get their chance even when clients used up the time.
  if (loops_gone_->wait_until(std::max(deadline, std::chrono::steady_clock::now() + kGrace))) {
    if (!inherited_) stop_libraries();
  } else {
    log(LogLevel::warn, "the S3 engine's threads did not end in time");
  }
}

bool Library::stopped() {
  const std::lock_guard lock(mutex_);
  return bootstrap_ == nullptr;
}

void Library::before_fork() { mutex_.lock(); }

void Library::after_fork(bool child) {
  if (child && bootstrap_ != nullptr) {
    // Its threads exist in the parent only; the libraries themselves stay initialised.
    bootstrap_ = nullptr;
    loops_ = nullptr;
    users_ = 0;
    inherited_ = true;
  }
  mutex_.unlock();
}

}  // namespace arraymorph::store::s3
