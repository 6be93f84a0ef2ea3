// Something that happens later, on an event loop of the engine.
#pragma once

#include <aws/common/task_scheduler.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "store/s3/library.h"

namespace arraymorph::store::s3 {

/// The loops run what is left when they end.
struct Timer {
  aws_task task{};
  std::function<void()> run;

  static void start(std::chrono::milliseconds delay, std::function<void()> run) {
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

}  // namespace arraymorph::store::s3
