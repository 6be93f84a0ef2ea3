#include <algorithm>
#include <optional>

#include "hdf5/error.h"
#include "runtime/trace.h"
#include "vol/convert_runs.h"
#include "vol/transfer_plan.h"

namespace arraymorph::vol {
namespace {

/// What the file selection of `transfer` spans; nothing where HDF5 does not tell.
std::optional<chunk::Box> box_of(const ReadTransfer& transfer, const TransferPlan& plan) {
  chunk::Box box;
  const chunk::Extent& dims = plan.dataset->array->grid().dims;
  if (transfer.file_space == H5S_ALL) {
    box.low.assign(dims.size(), 0);
    box.high = dims;
  } else {
    const hdf5::SilenceErrors silence;
    std::vector<hsize_t> low(dims.size());
    std::vector<hsize_t> high(dims.size());
    if (hdf5::api().H5Sget_simple_extent_ndims(transfer.file_space) !=
            static_cast<int>(dims.size()) ||
        hdf5::api().H5Sget_select_bounds(transfer.file_space, low.data(), high.data()) < 0) {
      return std::nullopt;
    }
    box.low.assign(low.begin(), low.end());
    for (const hsize_t last : high) box.high.push_back(last + 1);
  }
  for (const chunk::ChunkPlan& part : plan.chunks) box.points += part.elements;
  return box;
}

/// One call of H5Dread, whose requests lie between its start and end.
class TracedRead {
 public:
  TracedRead() : start_(trace::on() ? trace::now() : 0) {}

  void write(std::span<const TransferPlan> plans, const std::optional<chunk::Box>& box) const {
    if (!trace::on()) return;
    for (const TransferPlan& plan : plans) {
      trace::Line line("H5Dread");
      line.text("dataset", plan.dataset->array->name());
      line.text("prefix", plan.dataset->array->prefix()).number("chunks", plan.chunks.size());
      if (box) {
        line.raw("low", list_of(box->low)).raw("high", list_of(box->high));
        line.number("bytes", box->points * plan.file_size);
      }
      line.write(start_);
    }
  }

 private:
  static std::string list_of(const chunk::Extent& extent) {
    std::string text;
    for (const auto each : extent) text += (text.empty() ? "" : ", ") + std::to_string(each);
    return "[" + text + "]";
  }

  std::uint64_t start_;
};

}  // namespace

Status read_datasets(std::span<const ReadTransfer> transfers, hid_t dxpl_id) {
  const TracedRead traced;
  std::vector<TransferPlan> plans;
  std::vector<hdf5::Converter> converters;
  std::vector<bool> keeps_old;
  for (const ReadTransfer& transfer : transfers) {
    ARRAYMORPH_ASSIGN(auto plan, plan_transfer(transfer));
    converters.emplace_back(plan.file_type.get(), transfer.memory_type, dxpl_id);
    keeps_old.push_back(hdf5::holds_compound(transfer.memory_type));
    plans.push_back(std::move(plan));
  }
  Accesses accesses = gather_accesses(plans);
  if (accesses.chunks.empty()) return {};
  const bool anywhere = std::none_of(plans.begin(), plans.end(),
                                     [](const TransferPlan& plan) { return plan.converts; });
  for (std::size_t access = 0; access < accesses.chunks.size(); ++access) {
    const std::size_t i = accesses.plan_of[access];
    if (!plans[i].converts) {
      accesses.chunks[access].memory = static_cast<std::byte*>(transfers[i].buffer);
    }
  }
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
  std::optional<chunk::Box> box;
  if (plans.size() == 1) box = box_of(transfers[0], plans[0]);
  Status status = chunk::read_chunks(*context().engine, accesses.chunks, anywhere, consume,
                                     box ? &*box : nullptr);
  traced.write(plans, box);
  return status;
}

}  // namespace arraymorph::vol
