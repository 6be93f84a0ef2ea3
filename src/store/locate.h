// Names: whose file is it, and where does it lie?
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "arraymorph/status.h"
#include "runtime/config.h"

namespace arraymorph::store {

struct Location {
  enum class Kind { s3, local, memory, http } kind = Kind::memory;
  /// Bucket; absolute directory; name of the memory store; scheme and host with port ("https://h").
  std::string container;
  /// Relative to the container, '/'-separated, normalised; http: path and query, as they were
  /// given.
  std::string key;

  /// Nothing but plain files lies there, and nothing can be written.
  bool plain_only() const { return kind == Kind::http; }

  /// Key of an object that belongs to the file; "": `key` itself.
  std::string below(const std::string& relative) const {
    return relative.empty() ? key : key + "/" + relative;
  }

  /// For people: without the query, which may hold secrets.
  std::string url() const;
  /// The same file has the same identity, whichever way it was named. Not for people.
  std::string identity() const;
};

/// s3://bucket/key, file:///dir/name, memory://store/key, http(s)://host/path, or a plain name that
/// the configured platform claims. Nothing: the name is not ours, HDF5's own connector opens it.
///
/// Names are taken literally, percent signs included; an http name goes to the server as it is. A
/// local file that lies under ARRAYMORPH_ROOT has that directory as its container, any other the
/// directory it lies in. Temporary files are HDF5's own whatever the platform: absolute plain names
/// below the temporary directory, and of local files that exist and end in ".tmp". Errors:
/// invalid_argument (empty name, NUL, '..', trailing slash, a platform without its bucket or
/// directory).
Result<std::optional<Location>> locate(std::string_view name, const Config& config);

}  // namespace arraymorph::store
