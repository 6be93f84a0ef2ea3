#include <algorithm>
#include <cstring>

#include "vol/transfer_plan.h"

namespace arraymorph::vol {
namespace {

/// Same type: straight from the chunk into the caller's buffer; any thread.
void copy_out(const chunk::ChunkPlan& chunk, std::size_t size, const std::byte* from,
              std::byte* to) {
  for (const chunk::Run& run : chunk.runs) {
    std::memcpy(to + run.memory_offset * size, from + run.chunk_offset * size, run.length * size);
  }
}

/// Gather, convert, scatter; only on the thread that holds HDF5's lock.
Status convert_out(const chunk::ChunkPlan& chunk, hdf5::Converter& converter, bool keeps_old,
                   const std::byte* from, std::byte* to) {
  const std::size_t count = chunk.elements;
  const std::size_t file_size = converter.from_size();
  const std::size_t memory_size = converter.to_size();
  std::byte* packed = converter.elements(count).data();
  for (const chunk::Run& run : chunk.runs) {
    std::memcpy(packed, from + run.chunk_offset * file_size, run.length * file_size);
    packed += run.length * file_size;
  }
  if (keeps_old) {
    std::byte* old = converter.background(count).data();
    for (const chunk::Run& run : chunk.runs) {
      std::memcpy(old, to + run.memory_offset * memory_size, run.length * memory_size);
      old += run.length * memory_size;
    }
  }
  ARRAYMORPH_TRY(converter.convert(count));
  packed = converter.elements(count).data();
  for (const chunk::Run& run : chunk.runs) {
    std::memcpy(to + run.memory_offset * memory_size, packed, run.length * memory_size);
    packed += run.length * memory_size;
  }
  return {};
}

}  // namespace

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
    auto* to = static_cast<std::byte*>(transfers[i].buffer);
    if (plans[i].converts) {
      return convert_out(part, converters[i], keeps_old[i], chunk.data(), to);
    }
    copy_out(part, plans[i].file_size, chunk.data(), to);
    return {};
  };
  return chunk::read_chunks(*context().engine, accesses.chunks, anywhere, consume);
}

}  // namespace arraymorph::vol
