#include <algorithm>
#include <cstring>

#include "vol/transfer_plan.h"

namespace arraymorph::vol {
namespace {

void copy_in(const chunk::ChunkPlan& chunk, std::size_t size, const std::byte* from,
             std::byte* to) {
  for (const chunk::Run& run : chunk.runs) {
    std::memcpy(to + run.chunk_offset * size, from + run.memory_offset * size, run.length * size);
  }
}

Status convert_in(const chunk::ChunkPlan& chunk, hdf5::Converter& converter, bool keeps_old,
                  const std::byte* from, std::byte* to) {
  const std::size_t count = chunk.elements;
  const std::size_t memory_size = converter.from_size();
  const std::size_t file_size = converter.to_size();
  std::byte* packed = converter.elements(count).data();
  for (const chunk::Run& run : chunk.runs) {
    std::memcpy(packed, from + run.memory_offset * memory_size, run.length * memory_size);
    packed += run.length * memory_size;
  }
  if (keeps_old) {
    std::byte* old = converter.background(count).data();
    for (const chunk::Run& run : chunk.runs) {
      std::memcpy(old, to + run.chunk_offset * file_size, run.length * file_size);
      old += run.length * file_size;
    }
  }
  ARRAYMORPH_TRY(converter.convert(count));
  packed = converter.elements(count).data();
  for (const chunk::Run& run : chunk.runs) {
    std::memcpy(to + run.chunk_offset * file_size, packed, run.length * file_size);
    packed += run.length * file_size;
  }
  return {};
}

Status write_one(const WriteTransfer& transfer, TransferPlan& plan, hid_t dxpl_id) {
  const Accesses accesses = gather_accesses({&plan, 1});
  if (accesses.chunks.empty()) return {};
  plan.dataset->listed.reset();
  hdf5::Converter converter(transfer.memory_type, plan.file_type.get(), dxpl_id);
  // Writing some fields of a compound keeps the others.
  const bool keeps_old = plan.converts && hdf5::holds_compound(plan.file_type.get());
  const auto modify = [&](std::size_t access, ByteSpan chunk) -> Status {
    const chunk::ChunkPlan& part = *accesses.chunks[access].plan;
    const auto* from = static_cast<const std::byte*>(transfer.buffer);
    if (plan.converts) return convert_in(part, converter, keeps_old, from, chunk.data());
    copy_in(part, plan.file_size, from, chunk.data());
    return {};
  };
  return chunk::write_chunks(*context().engine, accesses.chunks, keeps_old, modify);
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
