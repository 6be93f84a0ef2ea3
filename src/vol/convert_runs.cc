#include "vol/convert_runs.h"

namespace arraymorph::vol {

Status convert_runs(const chunk::ChunkPlan& plan, hdf5::Converter& converter, bool keeps_old,
                    RunSource from, RunTarget to) {
  const std::size_t count = plan.elements;
  chunk::gather(plan, converter.from_size(), from, converter.elements(count).data());
  if (keeps_old) {
    chunk::gather(plan, converter.to_size(), {to.base, to.side},
                  converter.background(count).data());
  }
  ARRAYMORPH_TRY(converter.convert(count));
  chunk::scatter(plan, converter.to_size(), converter.elements(count).data(), to);
  return {};
}

}  // namespace arraymorph::vol
