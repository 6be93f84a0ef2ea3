#include "vol/transfer_plan.h"

#include "hdf5/dataspace.h"

namespace arraymorph::vol {
namespace {

Status inside(const chunk::Selection& selection, const chunk::Extent& dims) {
  if (selection.dims == dims || selection.points == 0) return {};
  // A dataspace made before a resize: its selection must fit what the dataset is now.
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    if (selection.dims[axis] > dims[axis]) {
      return {Code::invalid_argument,
              "the file selection's dataspace is larger than the dataset; get the dataspace again"};
    }
  }
  return {};
}

}  // namespace

template <class Pointer>
Result<TransferPlan> plan_transfer(const Transfer<Pointer>& transfer) {
  TransferPlan plan;
  plan.dataset = reads_of(*transfer.object).get();
  chunk::Grid grid = plan.dataset->array->grid();
  plan.file_type = type_of(*transfer.object);
  plan.file_size = grid.element_size;
  plan.memory_size = hdf5::api().H5Tget_size(transfer.memory_type);
  plan.converts = !hdf5::equal_types(plan.file_type.get(), transfer.memory_type);
  ARRAYMORPH_ASSIGN(const auto selections,
                    hdf5::resolve(transfer.memory_space, transfer.file_space, grid.dims));
  if (selections.file.points == 0) return plan;
  if (transfer.buffer == nullptr) {
    return Status(Code::invalid_argument, "no buffer for a selection that is not empty");
  }
  ARRAYMORPH_TRY(inside(selections.file, grid.dims));
  // Offsets count in the extent of the file space, which may lag behind the dataset's.
  grid.dims = selections.file.dims;
  ARRAYMORPH_ASSIGN(plan.chunks, chunk::plan(grid, selections.file, selections.memory));
  if (grid.dims != plan.dataset->array->grid().dims) {
    for (chunk::ChunkPlan& chunk : plan.chunks) chunk.covers_chunk = false;
  }
  return plan;
}

template Result<TransferPlan> plan_transfer(const ReadTransfer&);
template Result<TransferPlan> plan_transfer(const WriteTransfer&);

Accesses gather_accesses(std::span<TransferPlan> plans) {
  Accesses all;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    for (const chunk::ChunkPlan& chunk : plans[i].chunks) {
      all.chunks.push_back({plans[i].dataset->array.get(), &chunk});
      all.plan_of.push_back(i);
    }
  }
  return all;
}

}  // namespace arraymorph::vol
