#include "vol/convert_runs.h"
#include "vol/transfer_plan.h"

namespace arraymorph::vol {
namespace {

Status write_one(const WriteTransfer& transfer, TransferPlan& plan, hid_t dxpl_id) {
  const Accesses accesses = gather_accesses({&plan, 1});
  if (accesses.chunks.empty()) return {};
  plan.dataset->listed.reset();
  hdf5::Converter converter(transfer.memory_type, plan.file_type.get(), dxpl_id);
  // Writing some fields of a compound keeps the others.
  const bool keeps_old = plan.converts && hdf5::holds_compound(plan.file_type.get());
  const auto modify = [&](std::size_t access, ByteSpan chunk) -> Status {
    const chunk::ChunkPlan& part = *accesses.chunks[access].plan;
    const RunSource from{static_cast<const std::byte*>(transfer.buffer), chunk::Side::memory};
    const RunTarget to{chunk.data(), chunk::Side::chunk};
    if (plan.converts) return convert_runs(part, converter, keeps_old, from, to);
    chunk::copy_runs(part, plan.file_size, from, to);
    return {};
  };
  return chunk::write_chunks(*context().engine, accesses.chunks, keeps_old, !plan.converts, modify);
}

}  // namespace

Status write_datasets(std::span<const WriteTransfer> transfers, hid_t dxpl_id) {
  // Nothing is changed unless every part of the call is well-formed.
  std::vector<TransferPlan> plans;
  for (const WriteTransfer& transfer : transfers) {
    ARRAYMORPH_ASSIGN(auto plan, plan_transfer(transfer));
    plans.push_back(std::move(plan));
  }
  for (std::size_t i = 0; i < transfers.size(); ++i) {
    ARRAYMORPH_TRY(write_one(transfers[i], plans[i], dxpl_id));
  }
  return {};
}

}  // namespace arraymorph::vol
