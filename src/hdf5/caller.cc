#include "hdf5/caller.h"

#include <dlfcn.h>
#include <unwind.h>

#include "hdf5/api.h"

namespace arraymorph::hdf5 {
namespace {

/// The shared library, or the program, that holds `address`; null where there is none.
const void* library_of(const void* address, std::string_view& file) {
  Dl_info info{};
  if (dladdr(address, &info) == 0) return nullptr;
  file = info.dli_fname == nullptr ? "" : info.dli_fname;
  return info.dli_fbase;
}

struct Walk {
  const void* libhdf5 = nullptr;
  bool inside = false;      ///< frames of libhdf5 have been seen
  std::string_view caller;  ///< file of the first library behind them
};

_Unwind_Reason_Code step(_Unwind_Context* context, void* data) {
  auto& walk = *static_cast<Walk*>(data);
  std::string_view file;
  // A return address may lie behind the last instruction of its function.
  const void* library = library_of(reinterpret_cast<const char*>(_Unwind_GetIP(context)) - 1, file);
  if (library == walk.libhdf5) {
    walk.inside = true;
    return _URC_NO_REASON;
  }
  if (!walk.inside) return _URC_NO_REASON;
  walk.caller = file;
  return _URC_END_OF_STACK;
}

}  // namespace

bool called_by(std::string_view library) {
  Walk walk;
  std::string_view file;
  walk.libhdf5 = library_of(reinterpret_cast<const void*>(api().H5open), file);
  _Unwind_Backtrace(step, &walk);
  return walk.caller.substr(walk.caller.rfind('/') + 1).starts_with(library);
}

}  // namespace arraymorph::hdf5
