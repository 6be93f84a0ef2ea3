// ScratchCodec: filters that only libhdf5 can run (szip, nbit, scaleoffset, lzf, plugins).
//
// A one-chunk dataset of the same type and filters in a native file in memory: raw bytes in and
// decoded elements out, or the other way round. Right for every filter HDF5 itself can use.
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

  /// Creates the scratch dataset unless it exists. `dcpl` as the native dataset reports it.
  /// unsupported: a filter is not available; names it.
  Status prepare(hid_t type, hid_t dcpl, const chunk::Extent& chunk_dims);

  /// Closes the scratch dataset. Whoever made the codec calls this, under the library's lock: the
  /// last reference may be dropped by a request that completes on any thread.
  void close();

  bool runs_anywhere() const noexcept override { return false; }
  Result<EncodedChunk> encode(ConstByteSpan decoded) const override;
  Result<Buffer> decode(Buffer stored, std::uint32_t filter_mask,
                        std::size_t decoded_size) const override;

 private:
  Status failure(const char* act) const;
  hdf5::Handle type() const;

  std::vector<FilterSpec> filters_;
  std::size_t rank_ = 0;
  // A native object without an id, so that programs that count open ids never see it; it keeps its
  // file open.
  void* dataset_ = nullptr;
};

}  // namespace arraymorph::vol
