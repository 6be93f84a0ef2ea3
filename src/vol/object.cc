#include "vol/object.h"

#include <array>

#include "arraymorph/api.h"
#include "hdf5/error.h"
#include "vfd/driver.h"
#include "vol/file_state.h"

namespace arraymorph::vol {

Context& context() {
  static auto* const all = new std::array<Context, hdf5::kMaxLibraries>;
  return (*all)[static_cast<std::size_t>(hdf5::api().slot)];
}

hid_t own_connector() {
  Context& ctx = context();
  if (ctx.connector < 0) {
    ctx.connector = hdf5::api().H5VLget_connector_id_by_value(ARRAYMORPH_CONNECTOR_VALUE);
  }
  return ctx.connector;
}

H5VL_loc_params_t self(H5I_type_t type) {
  H5VL_loc_params_t loc{};
  loc.obj_type = type;
  loc.type = H5VL_OBJECT_BY_SELF;
  return loc;
}

H5VL_loc_params_t by_name(H5I_type_t type, const char* name) {
  H5VL_loc_params_t loc{};
  loc.obj_type = type;
  loc.type = H5VL_OBJECT_BY_NAME;
  loc.loc_data.loc_by_name.name = name;
  loc.loc_data.loc_by_name.lapl_id = ARRAYMORPH_HDF5_ID(H5P_LST_LINK_ACCESS_ID_g);
  return loc;
}

bool native_info(void* native_object, H5I_type_t type, H5O_info2_t& info) {
  const H5VL_loc_params_t loc = self(type);
  H5VL_object_get_args_t args{};
  args.op_type = H5VL_OBJECT_GET_INFO;
  args.args.get_info.fields = H5O_INFO_BASIC;
  args.args.get_info.oinfo = &info;
  return hdf5::api().H5VLobject_get(native_object, &loc, native(), &args, default_transfer(),
                                    nullptr) >= 0;
}

std::optional<std::string> native_file_name(void* native_object, H5I_type_t type) {
  std::size_t length = 0;
  H5VL_file_get_args_t args{};
  args.op_type = H5VL_FILE_GET_NAME;
  args.args.get_name.type = type;
  args.args.get_name.file_name_len = &length;
  const auto ask = [&] {
    return hdf5::api().H5VLfile_get(native_object, native(), &args, default_transfer(), nullptr);
  };
  if (ask() < 0) return std::nullopt;
  std::string name(length + 1, '\0');
  args.args.get_name.buf = name.data();
  args.args.get_name.buf_size = name.size();
  if (ask() < 0) return std::nullopt;
  name.resize(length);
  return name;
}

bool may_change(void* obj) {
  if (obj == nullptr || fork_generation() == 0) return true;
  const std::shared_ptr<FileState>& file = object_of(obj).file;
  if (!file || !file->inherited()) return true;
  hdf5::push_error(opened_by_parent(*file), ARRAYMORPH_HDF5_ID(H5E_FILE_g),
                   ARRAYMORPH_HDF5_ID(H5E_UNSUPPORTED_g));
  return false;
}

std::uint64_t address_in(const H5O_token_t& token) {
  std::uint64_t address = 0;
  for (std::size_t i = sizeof address; i-- > 0;) address = address << 8 | token.__data[i];
  return address;
}

// Not H5VL_OBJECT_GET_FILE: native then takes the file for one that has an id, and never closes a
// file that was only reached through an external link.
std::shared_ptr<FileState> file_of(void* native_object, H5I_type_t type) {
  unsigned long fileno = 0;
  if (type == H5I_FILE) {
    H5VL_file_get_args_t args{};
    args.op_type = H5VL_FILE_GET_FILENO;
    args.args.get_fileno.fileno = &fileno;
    if (hdf5::api().H5VLfile_get(native_object, native(), &args, default_transfer(), nullptr) < 0) {
      return nullptr;
    }
  } else {
    H5O_info2_t info{};
    if (!native_info(native_object, type, info)) return nullptr;
    fileno = info.fileno;
  }
  return std::static_pointer_cast<FileState>(vfd::backing_of_fileno(fileno));
}

void* wrap(void* native_object, H5I_type_t type) {
  if (native_object == nullptr) return nullptr;
  auto* object = new Object;
  object->under = native_object;
  object->type = type;
  // Those of attributes are mostly known to who opens them.
  if (type != H5I_ATTR) object->file = file_of(native_object, type);
  return object;
}

void count_id(void* obj) {
  if (obj == nullptr || !object_of(obj).file) return;
  object_of(obj).is_id = true;
  object_of(obj).file->add_id();
}

void discard(void* obj) {
  const Object& object = object_of(obj);
  if (object.is_id) object.file->drop_id();
  delete static_cast<Object*>(obj);
}

}  // namespace arraymorph::vol
