// Catalog: what the metadata object says about chunk objects, besides the HDF5 file itself.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "arraymorph/status.h"
#include "chunk/grid.h"
#include "chunk/records.h"

namespace arraymorph::vol {

/// Address of an object header in the HDF5 file: HDF5's object token of the native connector.
using Address = std::uint64_t;

/// One dataset whose data lies in chunk objects.
struct CatalogEntry {
  std::string prefix;       ///< key prefix, relative to the file's own ("run42.h5/")
  chunk::Extent chunk;      ///< chunk extents, elements
  bool contiguous = false;  ///< the user asked for contiguous layout; `chunk` is our split
  int alloc_time = 0;       ///< H5D_alloc_time_t the user asked for, when it is not what native has
  chunk::Records records;

  bool operator==(const CatalogEntry&) const = default;
};

struct Catalog {
  std::map<Address, CatalogEntry> datasets;
  /// Prefixes that no dataset uses any more but whose objects may still be there. Never given out
  /// again before a commit has recorded that they are gone.
  std::set<std::string> trash;
  /// Datasets may have been unlinked since the entries were last compared with the file.
  bool sweep_needed = false;
  /// A link of this file may lead to another file.
  bool external_links = false;

  bool operator==(const Catalog&) const = default;
  /// Nothing in this state needs storing where `committed` is stored: equal but for trash that has
  /// been removed since.
  bool stored_by(const Catalog& committed) const;
};

std::string to_json(const Catalog& catalog);
/// Untrusted input: anything malformed is Code::corrupt.
Result<Catalog> catalog_from_json(std::string_view text);

}  // namespace arraymorph::vol
