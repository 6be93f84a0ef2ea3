// Why a file could not be opened: HDF5 keeps the words of a failure, at times not even these.
#pragma once

#include "arraymorph/status.h"

namespace arraymorph::vol {

/// While it lives, the failures of opening stored files on this thread. HDF5 opens files of its own
/// accord, too (external links), and forgets why one of them did not open.
class OpenFailures {
 public:
  OpenFailures() noexcept;
  ~OpenFailures();
  OpenFailures(const OpenFailures&) = delete;
  OpenFailures& operator=(const OpenFailures&) = delete;

  /// The first failure that says more than "there is none"; else the first of those; else ok.
  Status worst() const { return failure_.ok() ? missing_ : failure_; }

 private:
  friend void note_open_failure(const Status& status);
  OpenFailures* outer_;
  Status failure_;
  Status missing_;
};

/// For those who open files: nothing happens when nobody asks on this thread.
void note_open_failure(const Status& status);

}  // namespace arraymorph::vol
