#include "vol/claim.h"

#include <sys/stat.h>

#include <optional>

#include "hdf5/error.h"
#include "hdf5/handle.h"
#include "store/pointer.h"
#include "vol/object.h"
#include "vol/open_file.h"
#include "vol/reach.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;
using hdf5::Handle;

bool has_default_driver(hid_t fapl_id) {
  const Handle fresh(api().H5Pcreate(ARRAYMORPH_HDF5_ID(H5P_CLS_FILE_ACCESS_ID_g)));
  const hid_t driver = api().H5Pget_driver(fapl_id);
  return driver == api().H5Pget_driver(fresh.get()) || driver == context().driver;
}

/// The file whose access list this is, where HDF5 or we look for what a file leads to.
std::shared_ptr<FileOpening> origin_of(hid_t fapl_id) {
  if (api().H5Pget_driver(fapl_id) != context().driver) return nullptr;
  const auto* info = static_cast<const vfd::DriverInfo*>(api().H5Pget_driver_info(fapl_id));
  return info == nullptr ? nullptr : std::static_pointer_cast<FileOpening>(info->opening);
}

/// Whether the core driver, which keeps a file in memory, writes it to its name when it is closed;
/// nothing for another driver.
std::optional<bool> backing_store_of_core(hid_t fapl_id) {
  const hdf5::SilenceErrors silence;
  std::size_t increment = 0;
  hbool_t backing_store = false;
  if (api().H5Pget_fapl_core(fapl_id, &increment, &backing_store) < 0) return std::nullopt;
  return static_cast<bool>(backing_store);
}

Status refuse(const char* name, const std::shared_ptr<FileOpening>& target, const char* why) {
  return {Code::unsupported, std::string(name) + " is an ArrayMorph pointer to " +
                                 target->location.url() + ": " + why};
}

/// What the core driver is to do with a pointer file; `target` is what it leads to.
Result<std::shared_ptr<FileOpening>> claim_for_core(const char* name, bool backing_store, Wish wish,
                                                    std::shared_ptr<FileOpening> target) {
  if (backing_store || wish == Wish::look) return target;
  if (wish == Wish::change) {
    return refuse(name, target,
                  "a stored file cannot be changed in memory only; open it for reading, with a "
                  "backing store, or without the core driver");
  }
  // What is made in memory stays there, and its name is a mere label.
  return std::shared_ptr<FileOpening>();
}

/// The file is a pointer's own bytes.
bool holds_pointer(void* native_file) {
  const H5VL_loc_params_t root = self(H5I_FILE);
  hbool_t found = false;
  H5VL_attr_specific_args_t args{};
  args.op_type = H5VL_ATTR_EXISTS;
  args.args.exists.name = store::kPointerAttribute;
  args.args.exists.exists = &found;
  return api().H5VLattr_specific(native_file, &root, native(), &args, default_transfer(),
                                 nullptr) >= 0 &&
         found;
}

void* refuse_bytes(const char* name, void* native_file) {
  {
    const hdf5::SilenceErrors silence;
    api().H5VLfile_close(native_file, native(), default_transfer(), nullptr);
  }
  hdf5::push_error(
      Status(Code::unsupported,
             std::string(name) +
                 " holds the bytes of an ArrayMorph pointer, not the file that the pointer leads "
                 "to (its attribute " +
                 store::kPointerAttribute +
                 " says which); give HDF5 the name of the pointer, or the URL"),
      ARRAYMORPH_HDF5_ID(H5E_FILE_g), ARRAYMORPH_HDF5_ID(H5E_CANTOPENFILE_g));
  return nullptr;
}

bool is_local_file(const char* name) {
  struct stat info{};
  return stat(name, &info) == 0 && S_ISREG(info.st_mode);
}

/// The file `name` opened for reading, if it is a pointer that is about to be opened for writing
/// through a driver that does not go by names; else null. A file that was open for writing ends
/// where HDF5's part of it ends: closing a pointer would cut its URL off.
void* pointer_to_be_changed(const char* name, unsigned flags, hid_t fapl_id) {
  if ((flags & H5F_ACC_RDWR) == 0 || is_local_file(name)) return nullptr;
  if (backing_store_of_core(fapl_id)) return nullptr;  // its changes stay in memory
  const hdf5::SilenceErrors silence;
  void* file = api().H5VLfile_open(name, H5F_ACC_RDONLY, fapl_id, default_transfer(), nullptr);
  if (file == nullptr || holds_pointer(file)) return file;
  api().H5VLfile_close(file, native(), default_transfer(), nullptr);
  return nullptr;
}

}  // namespace

Result<std::shared_ptr<FileOpening>> claim(const char* name, hid_t fapl_id, Wish wish) {
  std::shared_ptr<FileOpening> opening;
  if (has_default_driver(fapl_id)) {
    const auto origin = origin_of(fapl_id);
    ARRAYMORPH_ASSIGN(opening, origin != nullptr ? reach(*origin, name) : claim_name(name));
  } else {
    ARRAYMORPH_ASSIGN(const auto target, store::read_pointer(name));
    if (!target) return opening;
    ARRAYMORPH_ASSIGN(opening, claim_name(name));
    if (!opening) return opening;  // it has gone meanwhile
    const auto backing_store = backing_store_of_core(fapl_id);
    if (!backing_store) {
      return refuse(name, opening,
                    "this file driver would take the pointer's own bytes for the file; open it "
                    "without a driver of your own, or with the core driver");
    }
    ARRAYMORPH_ASSIGN(opening, claim_for_core(name, *backing_store, wish, std::move(opening)));
  }
  H5F_close_degree_t degree = H5F_CLOSE_DEFAULT;
  if (opening && api().H5Pget_fclose_degree(fapl_id, &degree) >= 0) opening->close_degree = degree;
  return opening;
}

void* open_native(const char* name, unsigned flags, hid_t fapl_id, hid_t dxpl_id, void** req) {
  if (has_default_driver(fapl_id)) {
    return api().H5VLfile_open(name, flags, fapl_id, dxpl_id, req);
  }
  if (void* pointer = pointer_to_be_changed(name, flags, fapl_id)) {
    return refuse_bytes(name, pointer);
  }
  void* file = api().H5VLfile_open(name, flags, fapl_id, dxpl_id, req);
  return file != nullptr && holds_pointer(file) ? refuse_bytes(name, file) : file;
}

}  // namespace arraymorph::vol
