// Direct chunk I/O arguments, whose layout changed with HDF5 2.0.
#pragma once

#include <cstdint>

#include "hdf5/api.h"

namespace arraymorph::vol {

/// H5VL_native_dataset_chunk_read_t of HDF5 2.0 and later. (1.14: without buf_size.)
struct ChunkReadArgs2 {
  const hsize_t* offset;
  std::uint32_t filters;
  void* buf;
  std::size_t* buf_size;
};

/// H5VL_native_dataset_chunk_write_t of HDF5 2.0 and later. (1.14: a 32-bit size.)
struct ChunkWriteArgs2 {
  const hsize_t* offset;
  std::uint32_t filters;
  std::size_t size;
  const void* buf;
};

}  // namespace arraymorph::vol
