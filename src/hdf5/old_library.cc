#include "hdf5/old_library.h"

#include <dlfcn.h>
#include <hdf5.h>

#include <array>
#include <string>

#include "arraymorph/api.h"
#include "runtime/log.h"

namespace arraymorph::hdf5 {
namespace {

// H5VL_class_t of HDF5 1.12. Only the head is looked at; the callbacks are taken as they are.
// `value` lies where HDF5 1.10 has the number of a filter.
struct OldClass {
  unsigned version;
  int value;
  const char* name;
  unsigned capabilities;
  herr_t (*initialize)(hid_t);
  herr_t (*terminate)();
  std::array<void*, 72> callbacks;
};

using GetVersion = herr_t (*)(unsigned*, unsigned*, unsigned*);
using GetConnector = hid_t (*)(const char*);
using GetClass = herr_t (*)(void* object, hid_t connector, int level, const OldClass** found);

template <class Function>
Function find(void* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

const OldClass* native_class(void* library) {
  const auto connector = find<GetConnector>(library, "H5VLget_connector_id_by_name");
  const auto get_class = find<GetClass>(library, "H5VLintrospect_get_conn_cls");
  if (connector == nullptr || get_class == nullptr) return nullptr;
  // The native connector answers without looking at the object, which may only not be null.
  int object = 0;
  constexpr int kTopLevel = 0;
  const OldClass* native = nullptr;
  return get_class(&object, connector("native"), kTopLevel, &native) < 0 ? nullptr : native;
}

}  // namespace

const void* class_for_old_library(const void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return nullptr;
  void* library = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return nullptr;
  const auto version = find<GetVersion>(library, "H5get_libversion");
  unsigned major = 0;
  unsigned minor = 0;
  unsigned release = 0;
  if (version == nullptr || version(&major, &minor, &release) < 0 || major != 1) return nullptr;
  if (minor < 12) {
    static const OldClass nobodys_filter{0, -1, ARRAYMORPH_CONNECTOR_NAME, 0, nullptr, nullptr, {}};
    return &nobodys_filter;
  }
  const OldClass* native = minor == 12 ? native_class(library) : nullptr;
  if (native == nullptr) return nullptr;
  log(LogLevel::warn, std::string(info.dli_fname) + " is HDF5 1.12." + std::to_string(release) +
                          ": it opens local files only, ArrayMorph needs HDF5 1.14 or later");
  auto* renamed = new OldClass(*native);
  renamed->name = ARRAYMORPH_CONNECTOR_NAME;
  renamed->value = ARRAYMORPH_CONNECTOR_VALUE;
  renamed->initialize = nullptr;  // the library has started the original
  renamed->terminate = nullptr;
  return renamed;
}

}  // namespace arraymorph::hdf5
