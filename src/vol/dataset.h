// Dataset: a dataset whose data lies in chunk objects.
#pragma once

#include <memory>
#include <string>

#include "chunk/array.h"
#include "runtime/config.h"
#include "vol/allocated_chunks.h"
#include "vol/catalog.h"
#include "vol/object.h"
#include "vol/scratch_codec.h"

namespace arraymorph::vol {

struct Dataset {
  Dataset() = default;
  ~Dataset() {
    array.reset();  // waits for its requests, which use the codec
    if (scratch) scratch->close();
  }
  Dataset(const Dataset&) = delete;
  Dataset& operator=(const Dataset&) = delete;

  Address address = 0;
  bool contiguous = false;
  int user_alloc_time = 0;  ///< see CatalogEntry::alloc_time
  std::unique_ptr<chunk::Array> array;
  std::shared_ptr<ScratchCodec> scratch;  ///< set when a filter needs libhdf5
  /// Of the array's records in the catalog.
  std::uint64_t record_changes = 0;
  /// The last listing, until something is written: programs ask chunk by chunk.
  std::shared_ptr<const AllocatedChunks> listed;
};

/// The dataset behind `object`, found once: null when its data lies in the HDF5 file (also for
/// native files). Fills Object::sources for virtual layout. On failure the status says why.
Status resolve_dataset(Object& object);

/// Give a dataset that native has just created chunk objects, when it is of a kind that has them.
/// `alloc_time`: what the user asked for when it was replaced for native, else 0.
Status adopt_created(Object& object, int alloc_time);

/// Give the native copy `object` of `source` chunk objects of the same shape, empty so far.
Status adopt_copy(Object& object, const Dataset& source);

/// The chunk objects a dataset of this type, space and creation list would get; false: its data
/// stays in the HDF5 file.
bool wants_chunk_objects(const Config& config, hid_t type, hid_t space, hid_t dcpl);

/// What all live forms of a dataset have in common: name, grid with chunks of `chunk`, fill value,
/// and the codec of its filters unless it is contiguous. Objects of `object`'s file.
struct Description {
  chunk::ArraySpec spec;
  std::shared_ptr<ScratchCodec> scratch;  ///< Dataset::scratch
};
Result<Description> describe(const Object& object, const chunk::Extent& chunk, bool contiguous);

/// Who reads `object`: its chunk objects, or its places in a plain file. Null: native.
inline const std::shared_ptr<Dataset>& reads_of(const Object& object) {
  return object.dataset ? object.dataset : object.in_place;
}

/// Ready for reads and writes: extent and codec are those of the native dataset now.
Status prepare(Object& object);

/// H5VLdataset_get of the native dataset below; the caller owns the id.
hdf5::Handle type_of(const Object& object);
hdf5::Handle space_of(const Object& object);
hdf5::Handle creation_list_of(const Object& object);

/// Address of the object header of a native object.
Result<Address> address_of(void* native_object, H5I_type_t type);

/// Path in the file, "" when unknown (anonymous).
std::string path_of(void* native_object, H5I_type_t type);

}  // namespace arraymorph::vol
