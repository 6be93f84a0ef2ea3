#include "vol/open_failure.h"

namespace arraymorph::vol {
namespace {

thread_local OpenFailures* asking = nullptr;

}  // namespace

OpenFailures::OpenFailures() noexcept : outer_(asking) { asking = this; }
OpenFailures::~OpenFailures() { asking = outer_; }

void note_open_failure(const Status& status) {
  if (asking == nullptr || status.ok()) return;
  Status& first = status.code() == Code::not_found ? asking->missing_ : asking->failure_;
  if (first.ok()) first = status;
}

}  // namespace arraymorph::vol
