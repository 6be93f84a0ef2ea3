#include "hdf5/caller.h"

#include <dlfcn.h>
#include <execinfo.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "hdf5/error.h"

namespace arraymorph::hdf5 {
namespace {

constexpr std::size_t kFrames = 64;

bool prints_errors() {
  const PreserveErrors preserve;
  H5E_auto2_t print = nullptr;
  void* data = nullptr;
  return api().H5Eget_auto2(H5E_DEFAULT, &print, &data) >= 0 && print != nullptr;
}

const void* image_of(const void* address) {
  Dl_info info{};
  return dladdr(address, &info) == 0 ? nullptr : info.dli_fbase;
}

bool is_hdf5(std::string_view file) {
  return file.substr(file.rfind('/') + 1).starts_with("libhdf5");
}

/// The file of the program or library that has called HDF5; "" when it cannot be told.
std::string_view calling_file() {
  std::array<void*, kFrames> frames{};
  const int count = backtrace(frames.data(), static_cast<int>(frames.size()));
  const void* const ours = image_of(reinterpret_cast<const void*>(&caller_shows_errors));
  const void* const library = image_of(reinterpret_cast<const void*>(api().H5open));
  for (int i = 0; i < count; ++i) {
    Dl_info info{};
    const void* const frame = frames[static_cast<std::size_t>(i)];
    if (dladdr(frame, &info) == 0 || info.dli_fname == nullptr) continue;
    if (info.dli_fbase == ours || info.dli_fbase == library || is_hdf5(info.dli_fname)) continue;
    return info.dli_fname;
  }
  return {};
}

}  // namespace

bool caller_shows_errors() noexcept {
  if (prints_errors()) return true;
  const std::string_view file = calling_file();
  constexpr std::array<std::string_view, 2> kPackages{"/h5py/", "/tables/"};
  return std::any_of(kPackages.begin(), kPackages.end(), [&](std::string_view package) {
    return file.find(package) != std::string_view::npos;
  });
}

}  // namespace arraymorph::hdf5
