#include "hdf5/plugin_folders.h"

#include <dlfcn.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#else
#include <link.h>
#endif

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "hdf5/api.h"

namespace arraymorph::hdf5 {
namespace {

using std::filesystem::path;

constexpr std::string_view kNetcdfPlugins = "/netCDF4/plugins/.";

/// Every shared object of the process.
std::vector<std::string> loaded_objects() {
  std::vector<std::string> names;
#ifdef __APPLE__
  for (std::uint32_t i = 0; i < _dyld_image_count(); ++i) names.push_back(_dyld_get_image_name(i));
#else
  const auto add = [](dl_phdr_info* info, std::size_t, void* out) {
    static_cast<std::vector<std::string>*>(out)->push_back(info->dlpi_name);
    return 0;
  };
  dl_iterate_phdr(add, &names);
#endif
  return names;
}

/// The shared object `name` was linked with the current library.
bool uses_this_library(const std::string& name) {
  void* object = dlopen(name.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (object == nullptr) return false;
  // dlsym on a handle searches the object's own dependencies.
  const bool same = dlsym(object, "H5open") == reinterpret_cast<void*>(api().H5open);
  dlclose(object);
  return same;
}

/// An extension module of the package in `folder` was linked with the current library.
bool is_library_of(const path& folder) {
  std::error_code ignored;
  const std::vector<std::string> names = loaded_objects();
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::filesystem::equivalent(path(name).parent_path(), folder, ignored) &&
           uses_this_library(name);
  });
}

/// HDF5's own choice is compiled into each library and told to nobody. These are the usual ones of
/// wheels, of conda and builds from source, and of Debian (by the library's flavour).
std::vector<path> usual_folders() {
  Dl_info info{};
  std::vector<path> folders{"/usr/local/hdf5/lib/plugin"};
  if (dladdr(reinterpret_cast<void*>(api().H5open), &info) == 0) return folders;
  const path library(info.dli_fname);
  const path base = library.parent_path() / "hdf5";
  folders.push_back(base / "plugin");
  const std::string file = library.filename().string();
  for (const char* flavour : {"serial", "openmpi", "mpich"}) {
    if (file.starts_with("libhdf5_" + std::string(flavour))) {
      folders.push_back(base / flavour / "plugins");
    }
  }
  return folders;
}

std::string searched_folder(unsigned index) {
  const ssize_t length = api().H5PLget(index, nullptr, 0);
  if (length <= 0) return {};
  std::string folder(static_cast<std::size_t>(length) + 1, '\0');
  api().H5PLget(index, folder.data(), folder.size());
  folder.pop_back();
  return folder;
}

bool is_ours(const path& folder) {
  Dl_info info{};
  std::error_code ignored;
  return dladdr(reinterpret_cast<void*>(&settle_plugin_path), &info) != 0 &&
         std::filesystem::equivalent(folder, path(info.dli_fname).parent_path(), ignored);
}

}  // namespace

void settle_plugin_path() {
  unsigned count = 0;
  if (api().H5PLsize(&count) < 0) return;
  for (unsigned i = count; i-- > 0;) {
    const std::string folder = searched_folder(i);
    if (!folder.ends_with(kNetcdfPlugins)) continue;
    if (is_library_of(path(folder.substr(0, folder.size() - kNetcdfPlugins.size())) / "netCDF4")) {
      continue;
    }
    api().H5PLremove(i);
    --count;
  }
  if (count != 1 || !is_ours(searched_folder(0))) return;
  std::error_code ignored;
  for (const path& folder : usual_folders()) {
    if (std::filesystem::is_directory(folder, ignored)) api().H5PLappend(folder.c_str());
  }
}

}  // namespace arraymorph::hdf5
