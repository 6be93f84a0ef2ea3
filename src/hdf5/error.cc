#include "hdf5/error.h"

#include <string>

namespace arraymorph::hdf5 {

namespace {

// Where native HDF5 has an errno from the operating system, programs look for it; elsewhere it
// would only be noise.
bool has_errno(const Status& status) noexcept {
  const Code code = status.code();
  return status.system_errno() != 0 || code == Code::not_found || code == Code::already_exists ||
         code == Code::permission_denied || code == Code::out_of_space || code == Code::too_large;
}

}  // namespace

void push_error(const Status& status, hid_t major, hid_t minor) noexcept {
  if (!has_errno(status)) {
    api().H5Epush2(H5E_DEFAULT, "arraymorph", "arraymorph", 0, ARRAYMORPH_HDF5_ID(H5E_ERR_CLS_g),
                   major, minor, "%s", status.message().c_str());
    return;
  }
  api().H5Epush2(H5E_DEFAULT, "arraymorph", "arraymorph", 0, ARRAYMORPH_HDF5_ID(H5E_ERR_CLS_g),
                 major, minor, "%s (errno = %d)", status.message().c_str(), status.closest_errno());
}

void push_read_error(const Status& status) noexcept {
  push_error(status, ARRAYMORPH_HDF5_ID(H5E_DATASET_g), ARRAYMORPH_HDF5_ID(H5E_READERROR_g));
}

void push_write_error(const Status& status) noexcept {
  push_error(status, ARRAYMORPH_HDF5_ID(H5E_DATASET_g), ARRAYMORPH_HDF5_ID(H5E_WRITEERROR_g));
}

std::string innermost_error() {
  std::string text;
  const auto take_first = [](unsigned, const H5E_error2_t* error, void* out) -> herr_t {
    if (error->desc != nullptr) *static_cast<std::string*>(out) = error->desc;
    return 1;  // stop
  };
  // The id of the current stack is not copied by H5E_DEFAULT, and walking does not clear it.
  api().H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, &text);
  return text;
}

void clear_errors() noexcept {
  const hid_t stack = api().H5Eget_current_stack();  // which empties it
  if (stack > 0) api().H5Idec_ref(stack);
}

PreserveErrors::PreserveErrors() noexcept : stack_(api().H5Eget_current_stack()) {}

PreserveErrors::~PreserveErrors() {
  if (stack_ > 0) api().H5Eset_current_stack(stack_);  // consumes the id
}

SilenceErrors::SilenceErrors() noexcept {
  api().H5Eget_auto2(H5E_DEFAULT, &function_, &data_);
  api().H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

SilenceErrors::~SilenceErrors() { api().H5Eset_auto2(H5E_DEFAULT, function_, data_); }

}  // namespace arraymorph::hdf5
