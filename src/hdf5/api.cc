#include "hdf5/api.h"

#include <dlfcn.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "hdf5/entry.h"

namespace arraymorph::hdf5 {
namespace {

struct Slots {
  std::mutex mutex;
  std::array<std::atomic<Api*>, kMaxLibraries> tables{};
  std::array<const void*, kMaxLibraries> bases{};
  std::array<std::atomic<bool>, kMaxLibraries> locked{};
};

// Leaked: HDF5 calls back from its own atexit handler, after our statics would be gone.
Slots& slots() {
  static Slots* const instance = new Slots;
  return *instance;
}

thread_local const Api* current = nullptr;

// Fills `table` from `library`; the name of the first symbol it lacks, or null.
// NOLINTNEXTLINE(readability-function-size): a line per symbol, by macro
const char* load_symbols(void* library, Api& table) {
#define ARRAYMORPH_LOAD(name)                                                 \
  table.name = reinterpret_cast<decltype(table.name)>(dlsym(library, #name)); \
  if (table.name == nullptr) return #name;
  ARRAYMORPH_HDF5_FUNCTIONS(ARRAYMORPH_LOAD)
#undef ARRAYMORPH_LOAD

  // An executable linked against this very library may hold copies of its data symbols (copy
  // relocations): then the copies are the live ones.
  const bool global = dlsym(RTLD_DEFAULT, "H5open") == reinterpret_cast<void*>(table.H5open);
#define ARRAYMORPH_LOAD(name)                                                                      \
  table.name##_address = static_cast<const hid_t*>(dlsym(global ? RTLD_DEFAULT : library, #name)); \
  if (table.name##_address == nullptr) return #name;
  ARRAYMORPH_HDF5_IDS(ARRAYMORPH_LOAD)
#undef ARRAYMORPH_LOAD
  return nullptr;
}

/// HDF5 may be looking for plugins because an open has failed; asking for the version clears the
/// errors that say so.
Version version_of(const Api& table) {
  const bool pending = table.H5Eget_num(H5E_DEFAULT) > 0;
  const hid_t errors = pending ? table.H5Eget_current_stack() : H5I_INVALID_HID;
  Version version;
  table.H5get_libversion(&version.major, &version.minor, &version.release);
  if (errors > 0) table.H5Eset_current_stack(errors);
  return version;
}

}  // namespace

Result<const Api*> api_of_caller(const void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) {
    return Status(Code::unsupported, "cannot tell which libhdf5 loads the arraymorph plugin");
  }
  Slots& all = slots();
  const std::lock_guard lock(all.mutex);
  int slot = 0;
  for (; slot < kMaxLibraries && all.bases[slot] != nullptr; ++slot) {
    if (all.bases[slot] == info.dli_fbase) return all.tables[slot].load();
  }
  if (slot == kMaxLibraries) {
    return Status(Code::unsupported, "more than " + std::to_string(kMaxLibraries) +
                                         " copies of libhdf5 in one process");
  }
  void* library = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) library = dlopen(nullptr, RTLD_LAZY);  // HDF5 linked into the program
  auto table = std::make_unique<Api>();
  if (const char* missing = load_symbols(library, *table)) {
    return Status(Code::unsupported, std::string(info.dli_fname) + " lacks the symbol " + missing +
                                         "; arraymorph needs HDF5 1.14.0 or later");
  }
  table->version = version_of(*table);
  if (!table->version.at_least(1, 14)) {
    return Status(Code::unsupported, std::string(info.dli_fname) +
                                         " is too old; arraymorph needs HDF5 1.14.0 or later");
  }
  table->slot = slot;
  hbool_t locked = false;
  table->H5is_library_threadsafe(&locked);
  all.locked[slot] = locked;
  all.bases[slot] = info.dli_fbase;
  all.tables[slot].store(table.release());
  return all.tables[slot].load();
}

const Api& api() noexcept { return *current; }

bool library_has_lock(int slot) noexcept { return slots().locked[slot].load(); }

const Api* api_in_slot(int slot) noexcept { return slots().tables[slot].load(); }

ApiScope::ApiScope(int slot) noexcept : previous_(current) { current = api_in_slot(slot); }

ApiScope::~ApiScope() { current = previous_; }

}  // namespace arraymorph::hdf5
