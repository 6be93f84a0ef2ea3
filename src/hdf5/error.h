// HDF5's error stack: where a Status becomes an HDF5 error, and how clean-up leaves it intact.
#pragma once

#include <optional>

#include "arraymorph/status.h"
#include "hdf5/api.h"

namespace arraymorph::hdf5 {

/// Push `status` on the current error stack. For failures that have one, the text ends in
/// "errno = N" as HDF5's own file drivers write it: h5py picks its exception class from that.
void push_error(const Status& status, hid_t major, hid_t minor) noexcept;

/// Push with the major and minor numbers of a failed dataset read or write.
void push_read_error(const Status& status) noexcept;
void push_write_error(const Status& status) noexcept;

/// The innermost description on the current stack, "" when it is empty. Does not clear it.
std::string innermost_error();

/// Empty the current stack: what follows says it better.
void clear_errors() noexcept;

/// Most public HDF5 calls clear the error stack on entry. Calls made inside this scope leave the
/// stack of the surrounding failure as it was.
class PreserveErrors {
 public:
  PreserveErrors() noexcept;
  ~PreserveErrors();
  PreserveErrors(const PreserveErrors&) = delete;
  PreserveErrors& operator=(const PreserveErrors&) = delete;

 private:
  hid_t stack_;
};

/// PreserveErrors where errors are on the stack already; elsewhere what is pushed inside stays.
/// H5Fopen that has failed asks every connector on the plugin path, and reports its own errors
/// when none can open the file: native programs take their errno from these.
class PreservePending {
 public:
  PreservePending() noexcept {
    if (api().H5Eget_num(H5E_DEFAULT) > 0) preserve_.emplace();
  }
  /// There are such errors.
  bool any() const noexcept { return preserve_.has_value(); }

 private:
  std::optional<PreserveErrors> preserve_;
};

/// Calls inside this scope print nothing and leave no errors behind: for probing.
class SilenceErrors {
 public:
  SilenceErrors() noexcept;
  ~SilenceErrors();
  SilenceErrors(const SilenceErrors&) = delete;
  SilenceErrors& operator=(const SilenceErrors&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
  PreserveErrors preserve_;
};

}  // namespace arraymorph::hdf5
