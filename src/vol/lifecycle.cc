// Connector life: start in each libhdf5, and the flush of every open file at its end or at exit.
#include "runtime/lifecycle.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
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
#include "vol/scratch_codec.h"

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
  // A public call: file_of works inside calls only.
  H5O_info2_t info{};
  if (api().H5Oget_info3(id, &info, H5O_INFO_BASIC) < 0) return nullptr;
  auto file = std::static_pointer_cast<FileState>(vfd::backing_of_fileno(info.fileno));
  const bool ours = file && file->writable() && !file->inherited() && !file->abandoned();
  return ours ? file : nullptr;
}

/// One id for each file of ours that has any: an object leads to its file, which may have no id of
/// its own any more.
std::map<std::shared_ptr<FileState>, hid_t> files_with_ids() {
  constexpr unsigned kKinds =
      H5F_OBJ_FILE | H5F_OBJ_DATASET | H5F_OBJ_GROUP | H5F_OBJ_DATATYPE | H5F_OBJ_ATTR;
  std::map<std::shared_ptr<FileState>, hid_t> files;
  const ssize_t count = api().H5Fget_obj_count(H5F_OBJ_ALL, kKinds);
  if (count <= 0) return files;
  std::vector<hid_t> ids(static_cast<std::size_t>(count));
  const ssize_t found = api().H5Fget_obj_ids(H5F_OBJ_ALL, kKinds, ids.size(), ids.data());
  ids.resize(static_cast<std::size_t>(std::max<ssize_t>(found, 0)));
  for (const hid_t id : ids) {
    if (auto file = own_file(id)) files.try_emplace(std::move(file), id);
  }
  return files;
}

herr_t run_work(hid_t, const char*, void* work) noexcept {
  (*static_cast<const std::function<void()>*>(work))();
  return 1;  // stop
}

/// Runs `work` inside a public call. What connectors call below each other needs what that sets up,
/// and this one calls back, in every release.
void inside_a_call(std::function<void()> work) {
  const hdf5::Handle list(api().H5Pcreate(ARRAYMORPH_HDF5_ID(H5P_CLS_FILE_ACCESS_ID_g)));
  int first = 0;
  api().H5Piterate(list.get(), &first, run_work, &work);
}

/// The first failure; those of other files are told at once, a line each.
class Failures {
 public:
  void add(Status status) {
    if (status.ok()) return;
    if (first_.ok()) {
      first_ = std::move(status);
    } else {
      log(LogLevel::error, status.message());
    }
  }
  Status first() const { return first_; }

 private:
  Status first_;
};

/// Stores every file that is open in the current library, each once: a server that does not answer
/// costs time. `last`: what cannot be stored is given up, so that closing it costs no more.
Status flush_library(bool last) {
  const hdf5::SilenceErrors silence;
  Failures failures;
  const auto files = files_with_ids();
  for (const auto& [file, id] : files) {
    if (file->lost()) {  // known to the program, which may have stored the changes otherwise
      if (last) file->abandon();
      if (process_is_exiting()) file->remove_lost();
      continue;
    }
    context().flushing = true;
    const herr_t flushed = api().H5Fflush(id, H5F_SCOPE_GLOBAL);
    context().flushing = false;
    if (flushed >= 0) continue;
    if (!file->told()) {
      failures.add({Code::unavailable, "a file could not be flushed: " + hdf5::innermost_error()});
    }
    if (last) file->abandon();
  }
  // Some have lost their ids to closes that failed. What HDF5 knew of them was written then.
  std::vector<std::shared_ptr<FileState>> others;
  for (const auto& backing : vfd::open_backings()) {
    auto file = std::static_pointer_cast<FileState>(backing);
    const bool done =
        files.contains(file) || !file->writable() || file->abandoned() || file->lost();
    if (!done) others.push_back(std::move(file));
  }
  const auto unstored = std::exchange(context().unstored, {});
  if (others.empty() && unstored.empty()) return failures.first();
  inside_a_call([&] {
    for (const auto& file : unstored) {
      if (file->commit().ok()) log(LogLevel::info, file->url() + " is stored now");
    }
    for (const auto& file : others) {
      const Status status = file->commit();
      if (!file->told()) failures.add(status.with_context("a file could not be stored"));
      if (last) file->abandon();
    }
  });
  return failures.first();
}

/// Whatever could not be stored has been reported. HDF5 closes the files next, and a close that
/// fails while it takes itself apart would crash the program.
void give_up_all() {
  for (const auto& backing : vfd::open_backings()) {
    std::static_pointer_cast<FileState>(backing)->abandon();
  }
}

Status flush_everything(bool last) {
  Failures failures;
  for (int slot = 0; slot < hdf5::kMaxLibraries; ++slot) {
    if (hdf5::api_in_slot(slot) == nullptr) continue;
    const hdf5::ApiScope scope(slot);
    if (context().native < 0) continue;
    failures.add(flush_library(last));
    if (process_is_exiting()) give_up_all();
  }
  return failures.first();
}

/// H5close, or the library's own exit handler: everything still works, and ids are closed next.
void before_library_closes(void* slot) noexcept {
  const hdf5::ApiScope scope(static_cast<int>(reinterpret_cast<std::intptr_t>(slot)));
  if (context().native < 0) return;
  try {
    const Status status = flush_library(/*last=*/true);
    if (!status.ok()) log(LogLevel::error, status.with_context("flush at H5close").message());
    give_up_all();
    close_every_scratch_file();
  } catch (const std::exception& error) {
    log(LogLevel::error, std::string("flush at H5close: ") + error.what());
  }
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
  api().H5atclose(before_library_closes, reinterpret_cast<void*>(std::intptr_t{api().slot}));
  set_shutdown_flush(flush_everything);
  shutdown_at_exit();
  return 0;
}

// HDF5 is closing: its ids are gone or going, nothing may be given back any more.
herr_t terminate() {
  Context& ctx = context();
  ctx.native = ctx.driver = ctx.connector = H5I_INVALID_HID;
  ctx.files.clear();
  ctx.mounts = false;
  ctx.virtual_datasets.clear();
  for (UnstoredSource& each : ctx.unstored_sources) each.file.release();
  ctx.unstored_sources.clear();
  vfd::forget_open_files();
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
