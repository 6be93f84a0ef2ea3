// ScratchCodec: filters that only libhdf5 can run (szip, nbit, scaleoffset, plugins).
//
// A native copy of the dataset's description in a file in memory, of which one chunk is used: raw
// bytes in and decoded elements out, or the other way round. Right for every filter that HDF5
// itself can use. Not faster by calling a plugin's filter function on our threads: libhdf5 gives
// out no class of a registered filter (h5py and hdf5plugin register theirs), and a filter may call
// HDF5 (all that push errors do), which only the thread that holds the library's lock may.
#pragma once

#include <string>

#include "arraymorph/codec.h"
#include "chunk/grid.h"
#include "hdf5/handle.h"

namespace arraymorph::vol {

/// Needs the thread that holds the library's lock.
class ScratchCodec final : public ChunkCodec {
 public:
  explicit ScratchCodec(std::vector<FilterSpec> filters);

  /// Sets the scratch dataset up unless it is. It has the native dataset's description, with guards
  /// between the filters (scratch_guards.h). Creating it runs the filters' set_local again, on
  /// parameters that it has already adapted, which some filters (bitshuffle) take for others: a
  /// guard puts them right. Where that cannot be, it is a copy (H5Ocopy) without guards.
  Status prepare(void* native_dataset, const chunk::Extent& chunk_dims);

  /// Gives the scratch dataset up to close_scratch_files. Whoever made the codec calls this, under
  /// the library's lock: the last reference may be dropped by a request that completes on any
  /// thread.
  void close();

  bool runs_anywhere() const noexcept override { return false; }
  Result<EncodedChunk> encode(ConstByteSpan decoded) const override;
  Status decode_into(ConstByteSpan stored, std::uint32_t filter_mask, ByteSpan into) const override;

 private:
  Status failure(const char* act) const;
  /// An open copy of `source`, named `name`, in the file or group `target`; null on failure.
  static void* copy_dataset(void* source, void* target, H5I_type_t target_type, const char* name);
  std::uint32_t mask_inside(std::uint32_t mask) const;
  static bool grow(void* dataset, const chunk::Extent& to);
  /// A dataset of `source`'s kind with guards (scratch_guards.h); null where there cannot be any.
  void* create_guarded(void* source, void* file) const;
  /// A chunk for which some filters were skipped.
  Status decode_masked(ConstByteSpan stored, std::uint32_t filter_mask, ByteSpan into) const;
  Status read_whole(void* dataset, ByteSpan into) const;
  /// A read or write of the one chunk: the whole of `elements`, by the file type.
  struct Whole;

  std::vector<FilterSpec> filters_;
  chunk::Extent chunk_;
  bool guarded_ = false;
  // Native objects without ids, so that programs that count open ids never see them; they keep
  // their file open.
  void* dataset_ = nullptr;
  void* root_ = nullptr;      ///< the root group of the scratch file
  void* pristine_ = nullptr;  ///< a second copy, in which no chunk is ever stored
};

/// A file in memory, for this process only. Files that are opened inside another operation are
/// opened by the public call, because only that sets up the connector for them. It is closed
/// weakly: it lives as long as an object in it.
hdf5::Handle create_memory_file();

/// Closes the scratch files of codecs that are gone. Not while an object is being closed, which is
/// when codecs go: see close_object.
void close_scratch_files();

/// Those of living codecs as well, which can do nothing more then: HDF5 is closing, and would not
/// come to an end with a file that it has no id of.
void close_every_scratch_file();

}  // namespace arraymorph::vol
