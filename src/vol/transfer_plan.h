// TransferPlan: one dataset's part of a read or write, planned: chunks, runs, conversion.
#pragma once

#include <optional>
#include <vector>

#include "chunk/plan.h"
#include "hdf5/datatype.h"
#include "vol/dataset.h"
#include "vol/transfer.h"

namespace arraymorph::vol {

struct TransferPlan {
  Dataset* dataset = nullptr;
  std::vector<chunk::ChunkPlan> chunks;
  std::size_t file_size = 0;    ///< bytes of an element in the file type
  std::size_t memory_size = 0;  ///< and in the memory type
  hdf5::Handle file_type;
  bool converts = false;  ///< file and memory type differ
};

template <class Pointer>
Result<TransferPlan> plan_transfer(const Transfer<Pointer>& transfer);

extern template Result<TransferPlan> plan_transfer(const ReadTransfer&);
extern template Result<TransferPlan> plan_transfer(const WriteTransfer&);

/// All chunks of all plans, in the form the chunk layer takes, and which plan each came from.
struct Accesses {
  std::vector<chunk::ChunkAccess> chunks;
  std::vector<std::size_t> plan_of;
};
Accesses gather_accesses(std::span<TransferPlan> plans);

}  // namespace arraymorph::vol
