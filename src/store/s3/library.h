// The process-wide half of the S3 engine: libraries, event loops, name resolver.
#pragma once

#include <aws/io/channel_bootstrap.h>
#include <aws/io/event_loop.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "arraymorph/status.h"
#include "runtime/lifecycle.h"
#include "store/s3/latch.h"

namespace arraymorph::store::s3 {

/// Started by the first acquire, stopped at shutdown and around fork once nobody holds it.
class Library final : public Participant {
 public:
  static Library& instance();

  /// Each success needs one release. `event_loops`: how many to start; while they run, another
  /// number changes nothing.
  Result<aws_client_bootstrap*> acquire(std::uint32_t event_loops);
  void release();
  /// Run `task` (which must outlive its run) after `delay_ms`, on an event loop. Only while held.
  void schedule(aws_task* task, std::uint64_t delay_ms);

  Stage stage() const noexcept override { return Stage::libraries; }
  void stop(Deadline deadline) override;
  bool stopped() override;
  void before_fork() override;
  void after_fork(bool child) override;

 private:
  Status start(std::uint32_t event_loops);
  void start_loops(std::uint32_t wanted);

  std::mutex mutex_;
  unsigned users_ = 0;
  aws_event_loop_group* loops_ = nullptr;
  aws_client_bootstrap* bootstrap_ = nullptr;
  std::shared_ptr<Latch> loops_gone_;
  std::uint32_t wanted_loops_ = 0;
  bool exit_registered_ = false;
  bool inherited_ = false;  // by fork, with threads that exist in the parent only: no clean-up
};

}  // namespace arraymorph::store::s3
