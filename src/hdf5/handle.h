// Owning handles for HDF5 ids.
#pragma once

#include <utility>

#include "hdf5/api.h"
#include "hdf5/error.h"

namespace arraymorph::hdf5 {

/// Owns one reference to an HDF5 id and gives it back with H5Idec_ref. Must be destroyed while
/// the library it came from is the current one (see ApiScope). Leaves the error stack alone.
class Handle {
 public:
  Handle() = default;
  explicit Handle(hid_t id) noexcept : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, H5I_INVALID_HID)) {}
  Handle& operator=(Handle&& other) noexcept {
    if (this != &other) {
      reset();
      id_ = std::exchange(other.id_, H5I_INVALID_HID);
    }
    return *this;
  }
  ~Handle() { reset(); }

  hid_t get() const noexcept { return id_; }
  bool valid() const noexcept { return id_ > 0; }
  hid_t release() noexcept { return std::exchange(id_, H5I_INVALID_HID); }
  void reset() noexcept {
    if (id_ <= 0) return;
    if (api().H5Eget_num(H5E_DEFAULT) > 0) {
      const PreserveErrors preserve;
      api().H5Idec_ref(id_);
    } else {
      api().H5Idec_ref(id_);
    }
    id_ = H5I_INVALID_HID;
  }

 private:
  hid_t id_ = H5I_INVALID_HID;
};

}  // namespace arraymorph::hdf5
