// Finding a file: which layout lies under a name, and what opening it needs.
#pragma once

#include <optional>

#include "vol/file_state.h"

namespace arraymorph::vol {

/// One GET of the metadata object. not_found: there is none. Errors name the object.
Result<Loaded> load(ObjectStore& store, const store::Location& location);

/// What lies under a name; neither when nothing does. With a metadata object the chunk layout is
/// what counts, whatever else lies there.
struct Found {
  std::optional<Loaded> loaded;
  std::optional<vfd::PlainObject> plain;
  Status missing;  ///< not_found, with the store's words, when there is neither
};

/// Asks for the metadata object and for the beginning of a plain file at the same time. For a file
/// that is to be created, `plain` comes without its first bytes.
Result<Found> find_file(ObjectStore& store, const store::Location& location, bool create);

/// Whether a file of either layout lies under a name. The same two questions, for a kilobyte each:
/// who asks this usually opens the file next, and would fetch its metadata twice.
Result<bool> is_there(ObjectStore& store, const store::Location& location);

}  // namespace arraymorph::vol
