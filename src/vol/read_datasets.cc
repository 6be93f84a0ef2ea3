#include <algorithm>

#include "vol/convert_runs.h"
#include "vol/transfer_plan.h"

namespace arraymorph::vol {

Status read_datasets(std::span<const ReadTransfer> transfers, hid_t dxpl_id) {
  std::vector<TransferPlan> plans;
  std::vector<hdf5::Converter> converters;
  std::vector<bool> keeps_old;
  for (const ReadTransfer& transfer : transfers) {
    ARRAYMORPH_ASSIGN(auto plan, plan_transfer(transfer));
    converters.emplace_back(plan.file_type.get(), transfer.memory_type, dxpl_id);
    keeps_old.push_back(hdf5::holds_compound(transfer.memory_type));
    plans.push_back(std::move(plan));
  }
  const Accesses accesses = gather_accesses(plans);
  if (accesses.chunks.empty()) return {};
  const bool anywhere = std::none_of(plans.begin(), plans.end(),
                                     [](const TransferPlan& plan) { return plan.converts; });
  const auto consume = [&](std::size_t access, ConstByteSpan chunk) -> Status {
    const std::size_t i = accesses.plan_of[access];
    const chunk::ChunkPlan& part = *accesses.chunks[access].plan;
    const RunSource from{chunk.data(), chunk::Side::chunk};
    const RunTarget to{static_cast<std::byte*>(transfers[i].buffer), chunk::Side::memory};
    if (plans[i].converts) {
      return convert_runs(part, converters[i], keeps_old[i], from, to);
    }
    chunk::copy_runs(part, plans[i].file_size, from, to);
    return {};
  };
  return chunk::read_chunks(*context().engine, accesses.chunks, anywhere, consume);
}

}  // namespace arraymorph::vol
