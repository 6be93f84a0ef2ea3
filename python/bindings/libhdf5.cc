#include "libhdf5.h"

#include <H5VLconnector.h>
#include <dlfcn.h>

#include <stdexcept>

#include "arraymorph/api.h"

namespace arraymorph::python {
namespace {

// The innermost record of an error stack is the cause; H5E_WALK_UPWARD meets it first.
herr_t keep_innermost(unsigned, const H5E_error2_t* record, void* text) {
  auto& cause = *static_cast<std::string*>(text);
  if (cause.empty() && record->desc != nullptr) cause = record->desc;
  return 0;
}

}  // namespace

Libhdf5::Libhdf5(const std::string& owner) : owner_(owner) {
  void* handle = dlopen(owner.c_str(), RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) throw std::runtime_error(owner + " is not loaded in this process");
  library_ = std::shared_ptr<void>(handle, [](void* library) { dlclose(library); });
}

void* Libhdf5::address_of(const char* name) const {
  // dlsym on a handle searches the object's dependencies: the libhdf5 it was linked with.
  void* symbol = dlsym(library_.get(), name);
  if (symbol == nullptr) {
    throw std::runtime_error("the libhdf5 behind " + owner_ + " has no " + name +
                             "; ArrayMorph needs HDF5 1.14 or later");
  }
  return symbol;
}

#define LIBHDF5_CALL(name) find<decltype(::name)>(#name)

std::string Libhdf5::failure(const std::string& what) const {
  std::string cause;
  LIBHDF5_CALL(H5Ewalk2)(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, &cause);
  return cause.empty() ? what : what + ": " + cause;
}

void Libhdf5::set_connector(hid_t fapl, hid_t connector) const {
  std::string failed;
  if (LIBHDF5_CALL(H5Pset_vol)(fapl, connector, nullptr) < 0) failed = failure("H5Pset_vol failed");
  LIBHDF5_CALL(H5VLclose)(connector);  // clears the error stack, hence the copy
  if (!failed.empty()) throw std::runtime_error(failed);
}

void Libhdf5::set_arraymorph(hid_t fapl, const std::string& directory) const {
  const auto known = LIBHDF5_CALL(H5VLis_connector_registered_by_name);
  if (known(ARRAYMORPH_CONNECTOR_NAME) <= 0) register_arraymorph(directory);
  const hid_t connector = LIBHDF5_CALL(H5VLget_connector_id_by_name)(ARRAYMORPH_CONNECTOR_NAME);
  if (connector < 0) throw std::runtime_error(failure("HDF5 did not give ArrayMorph's id"));
  set_connector(fapl, connector);
}

void Libhdf5::register_arraymorph(const std::string& directory) const {
  // On the search path only for this moment: HDF5 asks every plugin it finds there about each
  // native file that fails to open, which changes the error that users see. The id stays open,
  // so that the connector lives as long as the library.
  if (LIBHDF5_CALL(H5PLprepend)(directory.c_str()) < 0) {
    throw std::runtime_error(failure("H5PLprepend failed"));
  }
  const hid_t connector =
      LIBHDF5_CALL(H5VLregister_connector_by_name)(ARRAYMORPH_CONNECTOR_NAME, H5P_DEFAULT);
  const std::string failed =
      connector < 0 ? failure("HDF5 did not load its plugin from " + directory) : std::string();
  LIBHDF5_CALL(H5PLremove)(0);
  if (!failed.empty()) throw std::runtime_error(failed);
}

void Libhdf5::set_native(hid_t fapl) const {
  const hid_t connector = LIBHDF5_CALL(H5VLget_connector_id_by_value)(H5_VOL_NATIVE);
  if (connector < 0) throw std::runtime_error(failure("HDF5 gave no native connector"));
  set_connector(fapl, connector);
}

hid_t Libhdf5::access_to_no_file() const {
  const hid_t list = LIBHDF5_CALL(H5Pcreate)(*find<hid_t>("H5P_CLS_REFERENCE_ACCESS_ID_g"));
  if (list < 0) throw std::runtime_error(failure("H5Pcreate failed"));
  // A connector that can open nothing, which HDF5 asks no plugin after, as it does after its own.
  // Under it a driver that fails where it is given an image of a file, before it opens one.
  static const H5VL_class_t nothing = [] {
    H5VL_class_t connector{};
    connector.version = H5VL_VERSION;
    connector.value = 511;  // HDF5 leaves 256 to 511 to whoever wants them
    connector.name = "arraymorph_no_file";
    return connector;
  }();
  char image[] = "none";
  std::string failed;
  if (LIBHDF5_CALL(H5Pset_fapl_sec2)(list) < 0 ||
      LIBHDF5_CALL(H5Pset_file_image)(list, image, sizeof image) < 0) {
    failed = failure("H5Pset_file_image failed");
  }
  try {
    if (failed.empty()) {
      const hid_t connector = LIBHDF5_CALL(H5VLregister_connector)(&nothing, H5P_DEFAULT);
      if (connector < 0) throw std::runtime_error(failure("H5VLregister_connector failed"));
      set_connector(list, connector);
    }
  } catch (const std::runtime_error& error) {
    failed = error.what();
  }
  if (failed.empty()) return list;
  LIBHDF5_CALL(H5Pclose)(list);
  throw std::runtime_error(failed);
}

std::string Libhdf5::file_of(const H5R_ref_t* reference) const {
  const auto get = LIBHDF5_CALL(H5Rget_file_name);
  const ssize_t length = get(reference, nullptr, 0);
  if (length <= 0) return {};
  std::string name(static_cast<std::size_t>(length) + 1, '\0');
  get(reference, name.data(), name.size());
  return name.c_str();  // the length of some names counts the zero at their end
}

void Libhdf5::let_go(hid_t object) const { arraymorph_let_go(address_of("H5open"), object); }

bool Libhdf5::default_is_arraymorph() const {
  if (LIBHDF5_CALL(H5VLis_connector_registered_by_name)(ARRAYMORPH_CONNECTOR_NAME) <= 0) {
    return false;
  }
  const hid_t fapl = LIBHDF5_CALL(H5Pcreate)(*find<hid_t>("H5P_CLS_FILE_ACCESS_ID_g"));
  hid_t connector = H5I_INVALID_HID;
  const herr_t got = fapl < 0 ? -1 : LIBHDF5_CALL(H5Pget_vol_id)(fapl, &connector);
  if (got < 0) throw std::runtime_error(failure("HDF5 did not name its default connector"));
  const hid_t ours = LIBHDF5_CALL(H5VLget_connector_id_by_name)(ARRAYMORPH_CONNECTOR_NAME);
  // Ids differ from call to call, classes do not.
  int differ = 1;
  if (ours >= 0) LIBHDF5_CALL(H5VLcmp_connector_cls)(&differ, connector, ours);
  if (ours >= 0) LIBHDF5_CALL(H5VLclose)(ours);
  LIBHDF5_CALL(H5VLclose)(connector);
  LIBHDF5_CALL(H5Pclose)(fapl);
  return differ == 0;
}

}  // namespace arraymorph::python
