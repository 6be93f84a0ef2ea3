// Connector life: start in each libhdf5, and the flush of every open file at exit.
#include "runtime/lifecycle.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "arraymorph/api.h"
#include "hdf5/error.h"
#include "hdf5/handle.h"
#include "hdf5/plugin_folders.h"
#include "runtime/log.h"
#include "vol/callbacks.h"
#include "vol/context.h"
#include "vol/open_file.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;

/// The file behind an open id when it is for this process to store; null for files of others and
/// for those that a parent process opened.
std::shared_ptr<FileState> own_file(hid_t id) {
  const hdf5::Handle connector(api().H5VLget_connector_id(id));
  H5VL_class_value_t value = -1;
  if (!connector.valid() || api().H5VLget_value(connector.get(), &value) < 0 ||
      value != ARRAYMORPH_CONNECTOR_VALUE) {
    return nullptr;
  }
  // A public call: what connectors call below each other (file_of) works inside callbacks only.
  H5O_info2_t info{};
  if (api().H5Oget_info3(id, &info, H5O_INFO_BASIC) < 0) return nullptr;
  auto file = std::static_pointer_cast<FileState>(vfd::backing_of_fileno(info.fileno));
  return file && file->writable() && !file->inherited() ? file : nullptr;
}

/// The caller logs the first failure; all others are logged here.
void keep_first(Status& first, Status status) {
  if (status.ok()) return;
  if (!first.ok()) return log(LogLevel::error, status.message());
  first = std::move(status);
}

/// H5Fflush on every file that is open in the current library, each once: a server that does not
/// answer costs time. Any object leads to its file, which may be held open by a dataset alone.
Status flush_library(bool last) {
  constexpr unsigned kKinds =
      H5F_OBJ_FILE | H5F_OBJ_DATASET | H5F_OBJ_GROUP | H5F_OBJ_DATATYPE | H5F_OBJ_ATTR;
  const hdf5::SilenceErrors silence;
  const ssize_t count = api().H5Fget_obj_count(H5F_OBJ_ALL, kKinds);
  if (count <= 0) return {};
  std::vector<hid_t> ids(static_cast<std::size_t>(count));
  const ssize_t found = api().H5Fget_obj_ids(H5F_OBJ_ALL, kKinds, ids.size(), ids.data());
  ids.resize(static_cast<std::size_t>(std::max<ssize_t>(found, 0)));
  Status first;
  std::set<std::shared_ptr<FileState>> seen;
  for (const hid_t id : ids) {
    const auto file = own_file(id);
    if (!file || !seen.insert(file).second) continue;
    if (file->lost()) {  // known to the program, which may have stored the changes otherwise
      if (last) file->abandon();
      if (process_is_exiting()) file->remove_lost();
      continue;
    }
    context().flushing = true;
    const herr_t flushed = api().H5Fflush(id, H5F_SCOPE_GLOBAL);
    context().flushing = false;
    if (flushed >= 0) continue;
    keep_first(first, Status(Code::unavailable,
                             "a file could not be flushed: " + hdf5::innermost_error()));
    // Its close would only keep the program waiting for the same server once more.
    if (last) file->abandon();
  }
  return first;
}

Status flush_everything(bool last) {
  Status first;
  for (int slot = 0; slot < hdf5::kMaxLibraries; ++slot) {
    if (hdf5::api_in_slot(slot) == nullptr) continue;
    const hdf5::ApiScope scope(slot);
    if (context().native < 0) continue;
    keep_first(first, flush_library(last));
    if (!process_is_exiting()) continue;
    // Whatever could not be stored has been reported. HDF5 closes the files next, and a close that
    // fails while it takes itself apart would crash the program.
    for (const auto& [url, file] : context().files) {
      if (const auto live = file.lock()) live->abandon();
    }
  }
  return first;
}

}  // namespace

herr_t initialize(hid_t) {
  const hdf5::PreservePending preserve;
  Context& ctx = context();
  constexpr H5VL_class_value_t kNative = 0;
  ctx.native = api().H5VLget_connector_id_by_value(kNative);
  if (ctx.native < 0) return -1;
  ctx.driver = vfd::register_driver(open_backing);
  if (ctx.driver < 0) return -1;
  hdf5::settle_plugin_path();
  set_shutdown_flush(flush_everything);
  shutdown_at_exit();
  return 0;
}

// HDF5 is closing: its ids are gone or going, nothing may be given back any more.
herr_t terminate() {
  Context& ctx = context();
  ctx.native = ctx.driver = ctx.connector = H5I_INVALID_HID;
  return 0;
}

}  // namespace arraymorph::vol

extern "C" int arraymorph_let_go(const void* in_library, int64_t object) {
  using namespace arraymorph;
  const auto library = hdf5::api_of_caller(in_library);
  if (!library.ok()) return 0;
  const hdf5::ApiScope scope((*library)->slot);
  const auto file = vol::own_file(object);
  if (!file || !file->lost()) return 0;
  file->abandon();
  return 1;
}
