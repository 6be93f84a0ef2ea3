// Owned: an HDF5 id that is closed with the function that belongs to it.
#pragma once

#include <hdf5.h>

namespace arraymorph::python {

class Owned {
 public:
  template <class Close>
  Owned(hid_t id, Close close) : id_(id), close_(close) {}
  ~Owned() {
    if (id_ >= 0) close_(id_);
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;

  hid_t get() const { return id_; }
  bool ok() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

}  // namespace arraymorph::python
