#include "vol/fill_memory.h"

#include <algorithm>
#include <cstring>

#include "hdf5/creation.h"
#include "hdf5/dataspace.h"
#include "hdf5/datatype.h"
#include "hdf5/error.h"
#include "vol/dataset.h"
#include "vol/scratch_codec.h"

namespace arraymorph::vol {
namespace {

using chunk::Sequence;
using hdf5::api;
using hdf5::Handle;

/// In the order of their offsets.
Result<std::vector<Sequence>> runs_of(const std::vector<hid_t>& spaces) {
  std::vector<Sequence> runs;
  for (const hid_t space : spaces) {
    ARRAYMORPH_ASSIGN(const auto selection, hdf5::selection_of(space));
    for (const Sequence& run : chunk::sequences_of(selection)) runs.push_back(run);
  }
  std::sort(runs.begin(), runs.end(),
            [](const Sequence& a, const Sequence& b) { return a.offset < b.offset; });
  return runs;
}

/// The elements of `wanted` that lie in none of `provided`. Mappings may overlap.
Result<std::vector<Sequence>> without(hid_t wanted, const std::vector<hid_t>& provided) {
  // One source provides everything, as it mostly does: nothing has to be listed.
  if (provided.size() == 1 &&
      api().H5Sget_select_npoints(provided.front()) == api().H5Sget_select_npoints(wanted)) {
    return std::vector<Sequence>();
  }
  ARRAYMORPH_ASSIGN(const auto runs, runs_of({wanted}));
  ARRAYMORPH_ASSIGN(const auto there, runs_of(provided));
  std::vector<Sequence> rest;
  auto next = there.begin();
  for (const Sequence& run : runs) {
    const std::uint64_t end = run.offset + run.length;
    std::uint64_t at = run.offset;
    while (next != there.end() && next->offset + next->length <= at) ++next;
    for (auto each = next; each != there.end() && each->offset < end; ++each) {
      if (each->offset > at) rest.push_back({at, each->offset - at});
      at = std::max(at, each->offset + each->length);
    }
    if (at < end) rest.push_back({at, end - at});
  }
  return rest;
}

/// `count` elements as HDF5 reads them of a dataset in which nothing has been written.
Result<Buffer> unwritten(const Object& object, hid_t memory_type, std::uint64_t count) {
  const Handle type(api().H5Tcopy(type_of(object).get()));
  const Handle list(api().H5Pcopy(creation_list_of(object).get()));
  const hsize_t points = count;
  const Handle space(api().H5Screate_simple(1, &points, nullptr));
  const Handle file = create_memory_file();
  if (!file.valid() || api().H5Pset_layout(list.get(), H5D_CONTIGUOUS) < 0 ||
      api().H5Pset_alloc_time(list.get(), H5D_ALLOC_TIME_LATE) < 0) {
    return Status(Code::internal, "cannot set up fill values: " + hdf5::innermost_error());
  }
  const H5VL_loc_params_t loc = self(H5I_FILE);
  void* dataset = api().H5VLdataset_create(
      api().H5VLobject(file.get()), &loc, native(), nullptr,
      ARRAYMORPH_HDF5_ID(H5P_LST_LINK_CREATE_ID_g), type.get(), space.get(), list.get(),
      ARRAYMORPH_HDF5_ID(H5P_LST_DATASET_ACCESS_ID_g), default_transfer(), nullptr);
  if (dataset == nullptr) {
    return Status(Code::internal, "cannot set up fill values: " + hdf5::innermost_error());
  }
  Buffer elements(count * api().H5Tget_size(memory_type));
  void* into = elements.data();
  hid_t all = space.get();
  const herr_t read = api().H5VLdataset_read(1, &dataset, native(), &memory_type, &all, &all,
                                             default_transfer(), &into, nullptr);
  Status status;
  if (read < 0) status = {Code::internal, "cannot read fill values: " + hdf5::innermost_error()};
  api().H5VLdataset_close(dataset, native(), default_transfer(), nullptr);
  if (!status.ok()) return status;
  return elements;
}

bool has_fill_value(hid_t dcpl) {
  H5D_fill_value_t defined = H5D_FILL_VALUE_DEFAULT;
  return api().H5Pfill_value_defined(dcpl, &defined) >= 0 && defined == H5D_FILL_VALUE_USER_DEFINED;
}

}  // namespace

Result<bool> provides_all(hid_t memory_space, const std::vector<hid_t>& provided) {
  ARRAYMORPH_ASSIGN(const auto rest, without(memory_space, provided));
  return rest.empty();
}

Status fill_memory(const Object& object, hid_t memory_type, hid_t memory_space,
                   const std::vector<hid_t>& provided, void* buffer) {
  ARRAYMORPH_ASSIGN(const auto rest, without(memory_space, provided));
  if (rest.empty()) return {};
  const std::size_t size = api().H5Tget_size(memory_type);
  auto* const memory = static_cast<std::byte*>(buffer);
  const Handle dcpl = creation_list_of(object);
  if (hdf5::is_fixed_size(memory_type) || !has_fill_value(dcpl.get())) {
    ARRAYMORPH_ASSIGN(const Buffer fill, hdf5::fill_value_of(dcpl.get(), memory_type));
    for (const Sequence& run : rest) {
      std::byte* to = memory + run.offset * size;
      for (std::uint64_t i = 0; i < run.length; ++i, to += size) {
        fill.empty() ? std::memset(to, 0, size) : std::memcpy(to, fill.data(), size);
      }
    }
    return {};
  }
  std::uint64_t count = 0;
  for (const Sequence& run : rest) count += run.length;
  ARRAYMORPH_ASSIGN(const Buffer elements, unwritten(object, memory_type, count));
  const std::byte* from = elements.data();
  for (const Sequence& run : rest) {
    std::memcpy(memory + run.offset * size, from, run.length * size);
    from += run.length * size;
  }
  return {};
}

}  // namespace arraymorph::vol
