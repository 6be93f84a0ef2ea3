// Context: what the connector keeps per copy of libhdf5. Used under that library's lock only.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "chunk/engine.h"
#include "hdf5/handle.h"

namespace arraymorph::vol {

class FileState;
class VirtualSources;

/// Holds a share of the chunk cache's budget; null: none asked for.
using CacheClaim = std::shared_ptr<chunk::Engine::Claim>;

/// A source file that could not be stored when the virtual dataset through which something was
/// written to it was closed.
struct UnstoredSource {
  std::weak_ptr<FileState> master;  ///< whose flush and close try again
  std::string what;                 ///< for messages
  hdf5::Handle file;
};

struct Context {
  hid_t native = H5I_INVALID_HID;     ///< the native connector
  hid_t driver = H5I_INVALID_HID;     ///< our file driver
  hid_t connector = H5I_INVALID_HID;  ///< ourselves; looked up when first needed
  /// Settings of the engine, by the file that was opened last.
  chunk::EngineLimits limits;
  unsigned codec_threads = 1;
  std::shared_ptr<chunk::Engine> engine;
  bool flushing = false;  ///< all files, by flush_library, which says itself what fails
  /// Open files by Location::identity().
  std::map<std::string, std::weak_ptr<FileState>> files;
  /// Closed by HDF5, but not stored: tried once more when the library ends.
  std::vector<std::shared_ptr<FileState>> unstored;
  /// Location::identity() of what the call under way has not found (see LinkAccess); null: none is.
  std::set<std::string>* missing = nullptr;
  bool mounts = false;                         ///< a file of ours has been mounted in another
  std::set<VirtualSources*> virtual_datasets;  ///< the open ones
  std::vector<UnstoredSource> unstored_sources;
};

/// The context of the current library (hdf5::api()). Never destroyed.
Context& context();

/// Our own connector id, for property lists that HDF5 hands to the user.
hid_t own_connector();

}  // namespace arraymorph::vol
