// Virtual datasets: HDF5's native connector reads their sources itself and would find the fill
// value where the data lies in chunk objects, so reads and writes are mapped here, and extents that
// depend on sources are found here.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hdf5/dataspace.h"
#include "vol/map_virtual.h"
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
    std::string name;            ///< of the source, for messages
    hdf5::Handle virtual_space;  ///< selection in the virtual dataset
    hdf5::Handle source_space;  ///< selection in the source, which may have become too small for it
  };
  /// The pieces with elements of `selection` whose source exists. Sources are opened for reading
  /// unless `write`. A source that is there and cannot be opened is an error.
  Result<std::vector<Piece>> pieces(hid_t selection, bool write);

  /// The dataspace now: extents may follow those of sources. Native would ask its own way, and take
  /// a source that it cannot open for one that is missing.
  Result<hdf5::Handle> space();
  /// The same as of the last call of space(): what a program knows of it.
  Result<hdf5::Handle> known_space();

  /// What was written through the mappings is stored.
  Status flush();
  /// Before the dataset is closed, which cannot fail: HDF5 has no way back from that. What could
  /// not be stored is told, and left to the next flush or close of the file.
  void hand_over();
  bool belongs_to(const FileState& file) const { return object_.file.get() == &file; }
  /// Sources are opened again when they are needed next.
  void forget();

  /// "source part.h5, dataset x, of the virtual dataset s3://bucket/all.h5/v"
  std::string describe(const std::string& file, const std::string& dataset) const;

 private:
  struct Mapping {
    std::string file;
    std::string dataset;
    hdf5::Handle virtual_space;
    hdf5::Handle source_space;

    std::optional<hsize_t> blocks;  ///< numbered: as many count since the extent was asked for

    bool numbered() const { return has_block_number(file) || has_block_number(dataset); }
  };
  struct Source {
    Source() = default;
    Source(Source&& other) noexcept
        : file(std::move(other.file)),
          dataset(std::exchange(other.dataset, nullptr)),
          writable(other.writable) {}
    Source& operator=(Source&&) = delete;
    ~Source();

    /// Stores what was written through it; of the virtual dataset's own file HDF5 gets it.
    Status flush(const std::string& what);

    hdf5::Handle file;        ///< the source file; invalid for the virtual dataset's own
    void* dataset = nullptr;  ///< Object of the source
    bool writable = false;
  };
  /// What a call wants.
  struct Want {
    hid_t selection;
    chunk::Extent dims;  ///< of the virtual dataset
    bool write;
  };

  /// Null: there is none. Kept when it exists; looked for again when it does not.
  Result<Object*> source(const std::string& file, const std::string& dataset, bool write);
  Status add_limited(const Mapping& mapping, const Want& want, std::vector<Piece>& out);
  Status add_unlimited(const Mapping& mapping, const Want& want, std::vector<Piece>& out);
  Status add_numbered(const Mapping& mapping, const Want& want, std::vector<Piece>& out);
  Result<hsize_t> shown_by(Mapping& mapping, const Hyperslab& target);
  Result<hsize_t> shown_by_numbered(Mapping& mapping, const Hyperslab& target);
  bool follows_sources() const;

  const Object& object_;
  bool first_missing_ = false;  ///< H5Pset_virtual_view: as far as all mappings reach
  hsize_t gap_ = 0;             ///< H5Pset_virtual_printf_gap
  std::vector<Mapping> mappings_;
  std::map<std::pair<std::string, std::string>, Source> sources_;
  hdf5::Handle known_;
  bool flushing_ = false;
};

/// Flushes the sources of the file's virtual datasets: what was written through them is the
/// program's, whichever file holds it.
Status flush_sources(const FileState& file);

/// The dataspace of any dataset now.
Result<hdf5::Handle> current_space(Object& object);

/// Counts how deep virtual datasets lie inside each other while it lives.
class Nesting {
 public:
  Nesting() noexcept;
  ~Nesting();
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  /// An error when they go round in a circle.
  static Status check(const Object& object);
};

/// Elements that no source provides become the fill value.
Status read_virtual(const ReadTransfer& transfer, hid_t dxpl_id);
/// invalid_argument when the selection leaves what the sources provide.
Status write_virtual(const WriteTransfer& transfer, hid_t dxpl_id);

}  // namespace arraymorph::vol
