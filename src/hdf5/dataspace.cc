#include "hdf5/dataspace.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <string>

namespace arraymorph::hdf5 {
namespace {

/// Owns a selection iterator.
class SelectionIterator {
 public:
  // Element size 1 makes HDF5's byte offsets element offsets.
  explicit SelectionIterator(hid_t space) : id_(api().H5Ssel_iter_create(space, 1, 0)) {}
  ~SelectionIterator() {
    if (id_ > 0) api().H5Ssel_iter_close(id_);
  }
  SelectionIterator(const SelectionIterator&) = delete;
  SelectionIterator& operator=(const SelectionIterator&) = delete;
  bool valid() const { return id_ > 0; }

  /// Appends the next sequences; false when HDF5 refuses. `taken` = elements appended.
  bool next(std::vector<chunk::Sequence>& out, std::size_t& taken) {
    constexpr std::size_t kBatch = 1024;
    std::array<hsize_t, kBatch> offsets;
    std::array<std::size_t, kBatch> lengths;
    std::size_t sequences = 0;
    if (api().H5Ssel_iter_get_seq_list(id_, kBatch, SIZE_MAX, &sequences, &taken, offsets.data(),
                                       lengths.data()) < 0) {
      return false;
    }
    for (std::size_t i = 0; i < sequences; ++i) out.push_back({offsets[i], lengths[i]});
    return true;
  }

 private:
  hid_t id_;
};

}  // namespace

chunk::Extent extent_of(hid_t space) {
  const int rank = api().H5Sget_simple_extent_ndims(space);
  if (rank <= 0) return {};
  std::vector<hsize_t> dims(static_cast<std::size_t>(rank));
  api().H5Sget_simple_extent_dims(space, dims.data(), nullptr);
  return {dims.begin(), dims.end()};
}

bool has_fixed_extent(hid_t space) {
  const int rank = api().H5Sget_simple_extent_ndims(space);
  if (rank <= 0) return true;
  std::vector<hsize_t> dims(static_cast<std::size_t>(rank)), most(dims.size());
  api().H5Sget_simple_extent_dims(space, dims.data(), most.data());
  return dims == most;
}

Selection whole(const chunk::Extent& dims) {
  const std::uint64_t points =
      std::accumulate(dims.begin(), dims.end(), std::uint64_t{1}, std::multiplies<>());
  Selection selection = block(points);
  selection.dims = dims;
  return selection;
}

Selection block(std::uint64_t points) {
  Selection selection{{points}, {}, points, true};
  if (points > 0) selection.sequences.push_back({0, points});
  return selection;
}

Result<Selection> selection_of(hid_t space) {
  if (api().H5Sselect_valid(space) <= 0) {
    return Status(Code::invalid_argument, "the selection reaches outside the dataspace's extent");
  }
  if (api().H5Sget_select_type(space) == H5S_SEL_ALL) return whole(extent_of(space));
  Selection selection;
  selection.dims = extent_of(space);
  selection.points = static_cast<std::uint64_t>(api().H5Sget_select_npoints(space));
  selection.unique = api().H5Sget_select_type(space) != H5S_SEL_POINTS;
  if (selection.points == 0) return selection;
  SelectionIterator iterator(space);
  if (!iterator.valid()) return Status(Code::internal, "H5Ssel_iter_create failed");
  for (std::uint64_t done = 0; done < selection.points;) {
    std::size_t taken = 0;
    if (!iterator.next(selection.sequences, taken) || taken == 0) {
      return Status(Code::internal, "H5Ssel_iter_get_seq_list failed");
    }
    done += taken;
  }
  return selection;
}

Result<TransferSelection> resolve(hid_t memory_space, hid_t file_space,
                                  const chunk::Extent& file_extent) {
  if (file_space == H5S_PLIST) {
    return Status(Code::unsupported,
                  "selections taken from the transfer property list (H5S_PLIST) are not supported; "
                  "pass a dataspace");
  }
  TransferSelection selections;
  if (file_space == H5S_ALL) {
    selections.file = whole(file_extent);
  } else {
    ARRAYMORPH_ASSIGN(selections.file, selection_of(file_space));
  }
  if (memory_space == H5S_ALL) {
    selections.memory = selections.file;
  } else if (memory_space == H5S_BLOCK) {
    selections.memory = block(selections.file.points);
  } else {
    ARRAYMORPH_ASSIGN(selections.memory, selection_of(memory_space));
  }
  if (selections.file.points != selections.memory.points) {
    return Status(Code::invalid_argument, "the file selection has " +
                                              std::to_string(selections.file.points) +
                                              " elements, the memory selection " +
                                              std::to_string(selections.memory.points));
  }
  if (selections.file.points > 0 && selections.file.dims.size() != file_extent.size()) {
    return Status(Code::invalid_argument, "the file selection has another rank than the dataset");
  }
  return selections;
}

}  // namespace arraymorph::hdf5
