// Opening: from the name a program uses to an open FileState.
#pragma once

#include <memory>

#include "vol/file_state.h"

namespace arraymorph::vol {

/// Whose file is `name`, or the file that a pointer file of this name leads to (then HDF5 is to
/// open FileOpening::name, so that external links start there)? Nothing: HDF5's own. Asks no access
/// list (claim.h does), and not HDF5. Sends no request. Errors: invalid_argument (name,
/// configuration).
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
