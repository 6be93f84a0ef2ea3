// What the file that describes an array is by now: asked when an object is missing.
#pragma once

#include <string>

#include "arraymorph/status.h"
#include "chunk/records.h"

namespace arraymorph::chunk {

/// The commit that the file's name leads to. Asked on the calling thread, without the mutex.
class CurrentCommit {
 public:
  virtual ~CurrentCommit() = default;

  /// Look which commit it is: one request, and one more when it is another than at the last look.
  /// conflict: there is none any more. Any other failure: it cannot be told.
  virtual Status look() = 0;

  /// What the commit seen last records of the array that lies at `prefix`; null: it has none.
  virtual const Records* records_of(const std::string& prefix) const = 0;

  /// The file, for messages.
  virtual const std::string& url() const = 0;
};

}  // namespace arraymorph::chunk
