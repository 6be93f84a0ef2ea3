// The libhdf5 that a loaded Python extension (h5py's) is linked with, reached by dlsym.
#pragma once

#include <hdf5.h>

#include <memory>
#include <string>

namespace arraymorph::python {

/// Functions of one libhdf5 already in the process. Never loads or links one: h5py carries a
/// private copy, and ids of one copy mean nothing in another. Methods throw std::runtime_error
/// with HDF5's own words; the caller holds h5py's lock (h5py._objects.phil).
class Libhdf5 {
 public:
  /// `owner`: path of a loaded shared object that depends on the wanted libhdf5.
  explicit Libhdf5(const std::string& owner);

  /// Make the file access property list `fapl` open files through the ArrayMorph connector, which
  /// is loaded from `directory` when it is not there yet.
  void set_arraymorph(hid_t fapl, const std::string& directory) const;
  /// Make `fapl` open files as HDF5 does without any connector.
  void set_native(hid_t fapl) const;
  /// True when a list made by H5Pcreate opens files through ArrayMorph.
  bool default_is_arraymorph() const;

  /// A reference access list with which HDF5 opens no file: a reference holds the name of another
  /// file where its writer likes, and HDF5 would open that, for writing. References into the file
  /// that they were read from need no file opened. The caller closes it.
  hid_t access_to_no_file() const;
  /// The name of the file that a reference leads into, for errors; opens nothing.
  std::string file_of(const H5R_ref_t* reference) const;

  /// Drops the changes of a file in conflict, see arraymorph_let_go.
  void let_go(hid_t object) const;

  /// A function of the library: find<decltype(::H5open)>("H5open").
  template <class Symbol>
  Symbol* find(const char* name) const {
    return reinterpret_cast<Symbol*>(address_of(name));
  }
  /// `what` and, if there is one, the cause that HDF5 names.
  std::string failure(const std::string& what) const;

 private:
  void* address_of(const char* name) const;
  void register_arraymorph(const std::string& directory) const;
  void set_connector(hid_t fapl, hid_t connector) const;

  std::string owner_;
  std::shared_ptr<void> library_;
};

}  // namespace arraymorph::python
