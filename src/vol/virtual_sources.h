// Virtual datasets: HDF5's native connector reads their sources itself and would find the fill
// value where the data lies in chunk objects, so reads and writes are mapped here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "hdf5/dataspace.h"
#include "vol/transfer.h"

namespace arraymorph::vol {

/// The mappings of one virtual dataset and the sources opened so far (kept until it is closed).
class VirtualSources {
 public:
  /// Reads the mappings from the creation list of `object`, which must outlive this.
  explicit VirtualSources(const Object& object);
  ~VirtualSources();
  VirtualSources(const VirtualSources&) = delete;
  VirtualSources& operator=(const VirtualSources&) = delete;

  /// A piece of a mapping in today's extents: equal numbers of elements on both sides.
  struct Piece {
    Object* source = nullptr;
    hdf5::Handle virtual_space;  ///< selection in the virtual dataset
    hdf5::Handle source_space;   ///< selection in the source
  };
  /// Every piece whose source exists. `space`: the virtual dataset's dataspace now.
  std::vector<Piece> pieces(hid_t space);
  /// Why pieces() may lack one whose source the file may not lead to.
  const Status& failure() const { return failure_; }

 private:
  struct Mapping {
    std::string file;
    std::string dataset;
    hdf5::Handle virtual_space;
    hdf5::Handle source_space;
  };
  struct Source {
    hdf5::Handle file;        ///< the source file; invalid for the virtual dataset's own
    void* dataset = nullptr;  ///< Object of the source; null: it does not exist
  };

  Object* source(const std::string& file, const std::string& dataset);
  hdf5::Handle open_file(const std::string& name);
  void add_unlimited(const Mapping& mapping, const chunk::Extent& dims, std::vector<Piece>& out);
  void add_printf(const Mapping& mapping, const chunk::Extent& dims, std::vector<Piece>& out);

  const Object& object_;
  Status failure_;
  std::string prefix_;  ///< H5Pset_virtual_prefix
  std::vector<Mapping> mappings_;
  std::map<std::pair<std::string, std::string>, Source> sources_;
};

/// Elements that no source provides become the fill value.
Status read_virtual(const ReadTransfer& transfer, hid_t dxpl_id);
/// invalid_argument when the selection leaves what the sources provide.
Status write_virtual(const WriteTransfer& transfer, hid_t dxpl_id);

}  // namespace arraymorph::vol
