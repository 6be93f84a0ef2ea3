#include "vfd/driver.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "hdf5/entry.h"
#include "hdf5/error.h"

namespace arraymorph::vfd {
namespace {

using hdf5::Entry;

constexpr int kDriverValue = 512;  // the first value that HDF5 leaves to others
constexpr haddr_t kMaxAddress = (static_cast<haddr_t>(1) << 62) - 1;

/// HDF5 sees only `pub`, which must come first.
struct OpenHandle {
  H5FD_t pub{};
  std::shared_ptr<Backing> backing;
  haddr_t end_of_allocation = 0;
  bool writable = false;
};

/// Per library, under its lock. Leaked, see hdf5/api.cc.
struct Registry {
  Opener opener = nullptr;
  std::vector<OpenHandle*> handles;
};

Registry& registry() {
  static auto* const all = new std::array<Registry, hdf5::kMaxLibraries>;
  return (*all)[static_cast<std::size_t>(hdf5::api().slot)];
}

OpenHandle& handle_of(H5FD_t* file) { return *reinterpret_cast<OpenHandle*>(file); }
const OpenHandle& handle_of(const H5FD_t* file) {
  return *reinterpret_cast<const OpenHandle*>(file);
}

void push(const Status& status) {
  hdf5::push_error(status, ARRAYMORPH_HDF5_ID(H5E_VFL_g), ARRAYMORPH_HDF5_ID(H5E_IO_g));
}

/// 0 or -1, with the failure pushed.
herr_t answer(const Status& status) {
  if (status.ok()) return 0;
  push(status);
  return -1;
}

H5FD_t* open(const char* name, unsigned flags, hid_t fapl, haddr_t) {
  const auto* info = static_cast<const DriverInfo*>(hdf5::api().H5Pget_driver_info(fapl));
  auto backing = registry().opener(name, flags, info != nullptr ? info->opening : nullptr);
  if (!backing.ok()) {
    push(backing.status());
    return nullptr;
  }
  auto handle = std::make_unique<OpenHandle>();
  handle->backing = std::move(*backing);
  handle->writable = (flags & H5F_ACC_RDWR) != 0;
  handle->backing->opened(flags);
  registry().handles.push_back(handle.get());
  return &handle.release()->pub;
}

herr_t close(H5FD_t* file) {
  const std::unique_ptr<OpenHandle> handle(&handle_of(file));
  auto& handles = registry().handles;
  std::erase(handles, handle.get());
  const bool last = std::none_of(handles.begin(), handles.end(), [&](const OpenHandle* other) {
    return other->backing == handle->backing;
  });
  handle->backing->closed(last);
  return 0;
}

int cmp(const H5FD_t* a, const H5FD_t* b) {
  return handle_of(a).backing->canonical_name().compare(handle_of(b).backing->canonical_name());
}

herr_t query(const H5FD_t*, unsigned long* flags) {
  if (flags != nullptr) {
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_SUPPORTS_SWMR_IO |
             H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
  }
  return 0;
}

haddr_t get_eoa(const H5FD_t* file, H5FD_mem_t) { return handle_of(file).end_of_allocation; }

herr_t set_eoa(H5FD_t* file, H5FD_mem_t, haddr_t address) {
  handle_of(file).end_of_allocation = address;
  return 0;
}

haddr_t get_eof(const H5FD_t* file, H5FD_mem_t) { return handle_of(file).backing->length(); }

herr_t read(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, size_t size, void* buffer) {
  return answer(handle_of(file).backing->read(address, {static_cast<std::byte*>(buffer), size}));
}

herr_t write(H5FD_t* file, H5FD_mem_t, hid_t, haddr_t address, size_t size, const void* buffer) {
  OpenHandle& handle = handle_of(file);
  if (!handle.writable) {
    return answer(Status(Code::permission_denied, "the file is open for reading only"));
  }
  return answer(handle.backing->write(address, {static_cast<const std::byte*>(buffer), size}));
}

// Commits belong to the connector: HDF5 calls this already while it creates a file.
herr_t flush(H5FD_t*, hid_t, hbool_t) { return 0; }

herr_t truncate(H5FD_t* file, hid_t, hbool_t) {
  OpenHandle& handle = handle_of(file);
  return handle.writable ? answer(handle.backing->resize(handle.end_of_allocation)) : 0;
}

herr_t lock(H5FD_t*, hbool_t) { return 0; }
herr_t unlock(H5FD_t*) { return 0; }

herr_t ctl(H5FD_t*, uint64_t, uint64_t flags, const void*, void**) {
  return (flags & H5FD_CTL_FAIL_IF_UNKNOWN_FLAG) != 0 ? -1 : 0;
}

void* fapl_copy(const void* info) { return new DriverInfo(*static_cast<const DriverInfo*>(info)); }

herr_t fapl_free(void* info) {
  delete static_cast<DriverInfo*>(info);
  return 0;
}

void* fapl_get(H5FD_t* file) { return new DriverInfo{handle_of(file).backing->opening()}; }

template <int Slot>
H5FD_class_t make_class() {
  H5FD_class_t cls{};
  cls.version = H5FD_CLASS_VERSION;
  cls.value = kDriverValue;
  cls.name = "arraymorph";
  cls.maxaddr = kMaxAddress;
  cls.fc_degree = H5F_CLOSE_WEAK;
  cls.fapl_size = sizeof(DriverInfo);
  cls.fapl_get = Entry<Slot, fapl_get>::call;
  cls.fapl_copy = Entry<Slot, fapl_copy>::call;
  cls.fapl_free = Entry<Slot, fapl_free>::call;
  cls.open = Entry<Slot, open>::call;
  cls.close = Entry<Slot, close>::call;
  cls.cmp = Entry<Slot, cmp>::call;
  cls.query = Entry<Slot, query>::call;
  cls.get_eoa = Entry<Slot, get_eoa>::call;
  cls.set_eoa = Entry<Slot, set_eoa>::call;
  cls.get_eof = Entry<Slot, get_eof>::call;
  cls.read = Entry<Slot, read>::call;
  cls.write = Entry<Slot, write>::call;
  cls.flush = Entry<Slot, flush>::call;
  cls.truncate = Entry<Slot, truncate>::call;
  cls.lock = Entry<Slot, lock>::call;
  cls.unlock = Entry<Slot, unlock>::call;
  cls.ctl = Entry<Slot, ctl>::call;
  const H5FD_mem_t map[] = H5FD_FLMAP_DICHOTOMY;
  std::copy(std::begin(map), std::end(map), cls.fl_map);
  return cls;
}

template <std::size_t... Slots>
const H5FD_class_t& class_in_slot(int slot, std::index_sequence<Slots...>) {
  static const auto* const all =
      new std::array<H5FD_class_t, sizeof...(Slots)>{make_class<static_cast<int>(Slots)>()...};
  return (*all)[static_cast<std::size_t>(slot)];
}

}  // namespace

hid_t register_driver(Opener opener) {
  registry().opener = opener;
  return hdf5::api().H5FDregister(
      &class_in_slot(hdf5::api().slot, std::make_index_sequence<hdf5::kMaxLibraries>()));
}

std::shared_ptr<Backing> backing_of_fileno(unsigned long fileno) {
  for (const OpenHandle* handle : registry().handles) {
    if (handle->pub.fileno == fileno) return handle->backing;
  }
  return nullptr;
}

std::set<std::shared_ptr<Backing>> open_backings() {
  std::set<std::shared_ptr<Backing>> all;
  for (const OpenHandle* handle : registry().handles) all.insert(handle->backing);
  return all;
}

void forget_open_files() { registry().handles.clear(); }

}  // namespace arraymorph::vfd
