// An object that is written in parts: a draft of its full size, and a note of each part beside it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "arraymorph/object_store.h"
#include "store/local/draft.h"

namespace arraymorph::store::local {

/// What an upload needs of its store.
struct UploadHost {
  std::string root;
  /// Runs a task on the store's threads.
  std::function<void(std::function<void()>)> run;
  /// Moves a complete draft to where `condition` lets it.
  std::function<Status(Draft&, const Place&, const std::string& key, const PutCondition&)> settle;
};

/// Reads and writes; call on a thread of the store. Parts that were noted before count as complete
/// when their bytes are still those that were noted.
Result<std::shared_ptr<Upload>> begin_upload(UploadHost host, const UploadRequest& request);

}  // namespace arraymorph::store::local
