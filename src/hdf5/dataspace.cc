#include "hdf5/dataspace.h"

#include <array>
#include <optional>
#include <string>

namespace arraymorph::hdf5 {
namespace {

/// Owns a selection iterator.
class SelectionIterator {
 public:
  // Element size 1 makes HDF5's byte offsets element offsets.
  explicit SelectionIterator(hid_t space)
      : id_(api().H5Ssel_iter_create(space, 1, H5S_SEL_ITER_SHARE_WITH_DATASPACE)) {}
  ~SelectionIterator() {
    if (id_ > 0) api().H5Ssel_iter_close(id_);
  }
  SelectionIterator(const SelectionIterator&) = delete;
  SelectionIterator& operator=(const SelectionIterator&) = delete;
  bool valid() const { return id_ > 0; }

  /// Appends the next sequences; false when HDF5 refuses. `taken` = elements appended.
  bool next(std::vector<chunk::Sequence>& out, std::size_t& taken) {
    std::size_t sequences = 0;
    if (api().H5Ssel_iter_get_seq_list(id_, kBatch, SIZE_MAX, &sequences, &taken, offsets_.data(),
                                       lengths_.data()) < 0) {
      return false;
    }
    for (std::size_t i = 0; i < sequences; ++i) out.push_back({offsets_[i], lengths_[i]});
    return true;
  }

 private:
  static constexpr std::size_t kBatch = 1024;

  hid_t id_;
  std::array<hsize_t, kBatch> offsets_;
  std::array<std::size_t, kBatch> lengths_;
};

/// Nothing when the selection is not one regular hyperslab.
std::optional<chunk::Hyperslab> regular_hyperslab(hid_t space, std::size_t rank) {
  if (api().H5Sis_regular_hyperslab(space) <= 0) return std::nullopt;
  std::array<std::array<hsize_t, H5S_MAX_RANK>, 4> axes;
  auto& [start, stride, count, block] = axes;
  if (api().H5Sget_regular_hyperslab(space, start.data(), stride.data(), count.data(),
                                     block.data()) < 0) {
    return std::nullopt;
  }
  // The bounds include the offset of H5Soffset_simple, which the hyperslab does not.
  std::array<hsize_t, H5S_MAX_RANK> low, high;
  if (api().H5Sget_select_bounds(space, low.data(), high.data()) < 0) return std::nullopt;
  chunk::Hyperslab slab;
  slab.reserve(rank);
  for (std::size_t d = 0; d < rank; ++d) {
    if (count[d] == H5S_UNLIMITED || block[d] == H5S_UNLIMITED) return std::nullopt;
    slab.push_back({low[d], stride[d], count[d], block[d]});
  }
  return slab;
}

Status list_sequences(hid_t space, chunk::Selection& selection) {
  SelectionIterator iterator(space);
  if (!iterator.valid()) return {Code::internal, "H5Ssel_iter_create failed"};
  for (std::uint64_t done = 0; done < selection.points;) {
    std::size_t taken = 0;
    if (!iterator.next(selection.sequences, taken) || taken == 0) {
      return {Code::internal, "H5Ssel_iter_get_seq_list failed"};
    }
    done += taken;
  }
  return {};
}

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

Result<chunk::Selection> selection_of(hid_t space) {
  if (api().H5Sselect_valid(space) <= 0) {
    return Status(Code::invalid_argument, "the selection reaches outside the dataspace's extent");
  }
  const H5S_sel_type kind = api().H5Sget_select_type(space);
  if (kind == H5S_SEL_ALL) return chunk::whole(extent_of(space));
  chunk::Selection selection;
  selection.dims = extent_of(space);
  selection.points = static_cast<std::uint64_t>(api().H5Sget_select_npoints(space));
  selection.unique = kind != H5S_SEL_POINTS;
  if (selection.points == 0) return selection;
  if (kind == H5S_SEL_HYPERSLABS) {
    selection.regular = regular_hyperslab(space, selection.dims.size());
    if (selection.regular) return selection;
  }
  ARRAYMORPH_TRY(list_sequences(space, selection));
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
    selections.file = chunk::whole(file_extent);
  } else {
    ARRAYMORPH_ASSIGN(selections.file, selection_of(file_space));
  }
  if (memory_space == H5S_ALL) {
    selections.memory = selections.file;
  } else if (memory_space == H5S_BLOCK) {
    selections.memory = chunk::block(selections.file.points);
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
