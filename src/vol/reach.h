// What files of ours lead to, asked of store/reach for every name that a file has and HDF5 or we
// would open.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "arraymorph/status.h"
#include "vol/object.h"
#include "vol/open_file.h"

namespace arraymorph::vol {

/// Where `name`, which stands in the file `from` or is a candidate that HDF5 made of such a name,
/// may lead, in the order in which it is to be looked for there.
struct InReach {
  std::vector<store::Location> places;
  Status refused;  ///< the first place that the name says and the file may not lead to
};
Result<InReach> in_reach(const FileOpening& from, const std::string& name);

/// The file that `from` leads to with `name`, fetched. It is opened with the configuration of
/// `from` where it lies in the same store. Errors: not_found; permission_denied (outside of the
/// store, and not allowed); what the store says.
Result<std::shared_ptr<FileOpening>> reach(const FileOpening& from, const std::string& name);

/// May libhdf5 open the files of raw data that the dataset names? Only datasets whose
/// Object::raw_files is set are to be asked about.
Status may_touch_raw_files(const Object& dataset);

}  // namespace arraymorph::vol
