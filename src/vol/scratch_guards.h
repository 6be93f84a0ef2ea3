// Guards: filters of our own between those that libhdf5 runs, which see that no chunk decodes
// short.
//
// Releases of HDF5 before 2.1 take whatever a pipeline returns for a whole chunk: what it is short
// of comes from the heap. And some filters read past the end of what they are given. The scratch
// dataset's pipeline therefore has a guard before and after each filter: what arrives there must
// have the size of a chunk, or what the filter needs at least.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arraymorph/codec.h"
#include "hdf5/handle.h"

namespace arraymorph::vol {

/// A copy of the list `dcpl` with guards between its filters, or nothing where there cannot be any.
hdf5::Handle with_guards(hid_t dcpl, const std::vector<FilterSpec>& filters,
                         std::uint64_t chunk_bytes);

/// While one exists, a dataset may be created with such a list: the parameters of its filters stay
/// as they are, though HDF5 has filters adapt them when a dataset is created.
class KeepParameters {
 public:
  explicit KeepParameters(const std::vector<FilterSpec>& filters);
  ~KeepParameters();
  KeepParameters(const KeepParameters&) = delete;
  KeepParameters& operator=(const KeepParameters&) = delete;
};

/// The filter mask of the guarded pipeline for one of the pipeline itself, and the reverse.
std::uint32_t guarded_mask(std::uint32_t mask);
std::uint32_t plain_mask(std::uint32_t guarded);

/// What a guard of this thread has refused since the last question; empty: nothing.
std::string take_refusal();

}  // namespace arraymorph::vol
