// Inventory: what each object below a file's name is to the file. Pure; knows neither store nor
// HDF5.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "arraymorph/object_store.h"
#include "chunk/grid.h"
#include "vol/catalog.h"

namespace arraymorph::vol {

enum class ObjectKind {
  metadata,    ///< the metadata object
  chunk,       ///< holds a chunk of the committed file
  superseded,  ///< a chunk's place that the committed file does not use (any more, or yet)
  outside,     ///< a chunk outside the dataset's extent
  trash,       ///< under a prefix that the catalog gives up
  orphan,      ///< named like a chunk, under a prefix that no dataset has
  scratch,     ///< ArrayMorph's own, of no lasting use
  note,        ///< of one session for the next
  other_file,  ///< belongs to a stored file whose name starts with this one's
  unknown,     ///< ArrayMorph gives no objects such names
};

std::string_view kind_name(ObjectKind kind) noexcept;
/// Whether `name` is that of a chunk, "c/0/1" or "c~<tag>/0/1" of whatever rank, below its prefix.
bool names_a_chunk(std::string_view name);
/// No committed state needs it: it may go once it is old enough that nobody is still writing it.
bool removable(ObjectKind kind) noexcept;

/// Where the chunks of one dataset lie, as the committed catalog says.
struct DatasetPlaces {
  Address address = 0;
  std::string prefix;  ///< relative to the file's own
  chunk::Extent chunk;
  /// Current extent; nothing: not known, then no chunk counts as outside it.
  std::optional<chunk::Extent> dims;
  /// Chunks whose object lies at "<prefix>/c~<tag>/..." and must exist, with their tags.
  std::map<chunk::Index, std::string> tagged;
  /// Chunks that are fill value although an object may lie at the plain key.
  std::set<chunk::Index> absent;
};

/// Extents by address; a dataset without one has DatasetPlaces::dims unset.
std::vector<DatasetPlaces> places_of(const Catalog& catalog,
                                     const std::map<Address, chunk::Extent>& extents);

struct ListedObject {
  ObjectInfo info;  ///< key relative to the file's prefix
  ObjectKind kind = ObjectKind::unknown;
  std::optional<Address> dataset;  ///< of chunk, superseded, outside
  chunk::Index index;              ///< of these
};

struct MissingChunk {
  Address dataset = 0;
  chunk::Index index;
  std::string key;  ///< relative to the file's prefix
};

struct Inventory {
  std::vector<ListedObject> objects;  ///< in the order given
  std::vector<MissingChunk> missing;  ///< that must exist and are not among the objects
};

/// `objects` are all that lie under the file's prefix, keys relative to it.
Inventory take_inventory(const std::vector<DatasetPlaces>& datasets,
                         const std::set<std::string>& trash, std::vector<ObjectInfo> objects);

}  // namespace arraymorph::vol
