// Opening: from the name a program uses to an open FileState.
#pragma once

#include <memory>

#include "vol/file_state.h"

namespace arraymorph::vol {

/// Whose file is `name`, or the file that a pointer file of this name leads to (then HDF5 is to
/// open FileOpening::name, so that external links start there)? Nothing: HDF5's own. A file access
/// list with another than the default driver is always HDF5's own; one of a file of ours says that
/// this file names it (see reach()). Errors: invalid_argument (name, configuration).
Result<std::shared_ptr<FileOpening>> claim(const char* name, hid_t fapl_id);

/// The same without asking an access list, and without HDF5. Sends no request.
Result<std::shared_ptr<FileOpening>> claim_name(std::string name);

/// The live state of the file, or null. One inherited across a fork is not it.
std::shared_ptr<FileState> live_file(const store::Location& location);

/// Reads what is committed into `opening`, unless the file is open already. not_found when opening
/// and there is nothing; already_exists for an exclusive create of something.
Status fetch(FileOpening& opening, bool exclusive);

/// After fetch(): the file is one object, which is opened for reading only.
bool is_plain(const FileOpening& opening);

/// The opener of the file driver (vfd::Opener).
Result<std::shared_ptr<vfd::Backing>> open_backing(const char* name, unsigned flags,
                                                   const std::shared_ptr<vfd::Opening>& opening);

}  // namespace arraymorph::vol
