#include "hdf5/caller.h"

#include <dlfcn.h>
#include <unwind.h>

#include <algorithm>
#include <array>

#include "hdf5/error.h"

namespace arraymorph::hdf5 {
namespace {

/// The shared library, or the program, that holds `address`; null where there is none.
const void* library_of(const void* address, std::string_view& file) {
  Dl_info info{};
  if (dladdr(address, &info) == 0) return nullptr;
  file = info.dli_fname == nullptr ? "" : info.dli_fname;
  return info.dli_fbase;
}

std::string_view name_in(std::string_view file) { return file.substr(file.rfind('/') + 1); }

struct Walk {
  const void* ours = nullptr;
  const void* libhdf5 = nullptr;
  bool inside = false;      ///< frames of libhdf5 have been seen
  std::string_view caller;  ///< file of the first library behind them
};

/// libhdf5 itself, and its companions (libhdf5_hl).
bool is_hdf5(const Walk& walk, const void* library, std::string_view file) {
  return library == walk.libhdf5 || name_in(file).starts_with("libhdf5");
}

_Unwind_Reason_Code step(_Unwind_Context* context, void* data) {
  auto& walk = *static_cast<Walk*>(data);
  std::string_view file;
  // A return address may lie behind the last instruction of its function.
  const void* library = library_of(reinterpret_cast<const char*>(_Unwind_GetIP(context)) - 1, file);
  if (is_hdf5(walk, library, file)) {
    walk.inside = true;
    return _URC_NO_REASON;
  }
  if (!walk.inside || library == walk.ours) return _URC_NO_REASON;
  walk.caller = file;
  return _URC_END_OF_STACK;
}

/// The file of the program or library that has called HDF5; "" when it cannot be told.
std::string_view calling_file() {
  Walk walk;
  std::string_view file;
  walk.ours = library_of(reinterpret_cast<const void*>(&caller_shows_errors), file);
  walk.libhdf5 = library_of(reinterpret_cast<const void*>(api().H5open), file);
  _Unwind_Backtrace(step, &walk);
  return walk.caller;
}

bool prints_errors() {
  const PreserveErrors preserve;
  H5E_auto2_t print = nullptr;
  void* data = nullptr;
  return api().H5Eget_auto2(H5E_DEFAULT, &print, &data) >= 0 && print != nullptr;
}

}  // namespace

bool called_by(std::string_view library) noexcept {
  return name_in(calling_file()).starts_with(library);
}

bool caller_shows_errors() noexcept {
  if (prints_errors()) return true;
  const std::string_view file = calling_file();
  constexpr std::array<std::string_view, 2> kPackages{"/h5py/", "/tables/"};
  return std::any_of(kPackages.begin(), kPackages.end(), [&](std::string_view package) {
    return file.find(package) != std::string_view::npos;
  });
}

}  // namespace arraymorph::hdf5
