#include "vol/copy_runs.h"

#include <cstring>

namespace arraymorph::vol {
namespace {

/// The elements of all runs, one after the other, into `packed`.
void gather(const chunk::ChunkPlan& plan, std::size_t size, RunSource from, std::byte* packed) {
  for_each_run(plan, [&](const chunk::Run& run) {
    std::memcpy(packed, from.base + run.*from.offset * size, run.length * size);
    packed += run.length * size;
  });
}

void scatter(const chunk::ChunkPlan& plan, std::size_t size, const std::byte* packed,
             RunTarget to) {
  for_each_run(plan, [&](const chunk::Run& run) {
    std::memcpy(to.base + run.*to.offset * size, packed, run.length * size);
    packed += run.length * size;
  });
}

}  // namespace

void copy_runs(const chunk::ChunkPlan& plan, std::size_t size, RunSource from, RunTarget to) {
  for_each_run(plan, [&](const chunk::Run& run) {
    std::memcpy(to.base + run.*to.offset * size, from.base + run.*from.offset * size,
                run.length * size);
  });
}

Status convert_runs(const chunk::ChunkPlan& plan, hdf5::Converter& converter, bool keeps_old,
                    RunSource from, RunTarget to) {
  const std::size_t count = plan.elements;
  gather(plan, converter.from_size(), from, converter.elements(count).data());
  if (keeps_old) {
    gather(plan, converter.to_size(), {to.base, to.offset}, converter.background(count).data());
  }
  ARRAYMORPH_TRY(converter.convert(count));
  scatter(plan, converter.to_size(), converter.elements(count).data(), to);
  return {};
}

}  // namespace arraymorph::vol
