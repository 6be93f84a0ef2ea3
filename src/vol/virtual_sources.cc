#include "vol/virtual_sources.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

#include "hdf5/error.h"
#include "runtime/log.h"
#include "vol/callbacks.h"
#include "vol/dataset.h"
#include "vol/file_state.h"
#include "vol/open_source.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;
using hdf5::Handle;

constexpr unsigned kDeepest = 64;  // virtual datasets over virtual datasets

thread_local unsigned depth = 0;

template <class Getter>
std::string text_of(Getter getter, hid_t dcpl, std::size_t index) {
  const ssize_t length = getter(dcpl, index, nullptr, 0);
  if (length <= 0) return {};
  std::string text(static_cast<std::size_t>(length) + 1, '\0');
  getter(dcpl, index, text.data(), text.size());
  text.pop_back();
  return text;
}

Handle access_list_of(const Object& object) {
  H5VL_dataset_get_args_t args{};
  args.op_type = H5VL_DATASET_GET_DAPL;
  if (api().H5VLdataset_get(object.under, native(), &args, default_transfer(), nullptr) < 0)
    return {};
  return Handle(args.args.get_dapl.dapl_id);
}

Status flush_file(hid_t file, const std::string& what) {
  const hdf5::SilenceErrors silence;
  if (api().H5Fflush(file, H5F_SCOPE_LOCAL) >= 0) return {};
  return {Code::internal, what + ", could not be stored: " + hdf5::innermost_error()};
}

std::string shape_text(const chunk::Extent& dims) {
  std::string text;
  for (const std::uint64_t each : dims) text += (text.empty() ? "" : ", ") + std::to_string(each);
  return "(" + text + ")";
}

}  // namespace

Nesting::Nesting() noexcept { ++depth; }
Nesting::~Nesting() { --depth; }

Status Nesting::check(const Object& object) {
  if (depth <= kDeepest) return {};
  return {Code::unsupported, "more than " + std::to_string(kDeepest) +
                                 " virtual datasets lie over each other, or they go round in a "
                                 "circle, at " +
                                 object.file->url() + path_of(object.under, H5I_DATASET)};
}

Result<Handle> current_space(Object& object) {
  ARRAYMORPH_TRY(resolve_dataset(object));
  if (object.sources) return object.sources->space();
  Handle space = space_of(object);
  if (space.valid()) return space;
  return Status(Code::internal, "cannot read a dataspace: " + hdf5::innermost_error());
}

VirtualSources::Source::~Source() {
  if (dataset == nullptr) return;
  const hdf5::PreserveErrors preserve;
  dataset::close(dataset, default_transfer(), nullptr);
}

/// The source has no id, by which HDF5 would find what it keeps of it when it flushes the file.
Status VirtualSources::Source::flush(const std::string& what) {
  const hdf5::SilenceErrors silence;
  H5VL_dataset_specific_args_t args{};
  args.op_type = H5VL_DATASET_FLUSH;
  args.args.flush.dset_id = H5I_INVALID_HID;
  if (api().H5VLdataset_specific(object_of(dataset).under, native(), &args, default_transfer(),
                                 nullptr) < 0) {
    return {Code::internal, what + ", cannot be flushed: " + hdf5::innermost_error()};
  }
  return file.valid() ? flush_file(file.get(), what) : Status();
}

VirtualSources::VirtualSources(const Object& object) : object_(object) {
  context().virtual_datasets.insert(this);
  if (const Handle dapl = access_list_of(object); dapl.valid()) {
    H5D_vds_view_t view = H5D_VDS_LAST_AVAILABLE;
    if (api().H5Pget_virtual_view(dapl.get(), &view) >= 0) {
      first_missing_ = view == H5D_VDS_FIRST_MISSING;
    }
    if (api().H5Pget_virtual_printf_gap(dapl.get(), &gap_) < 0) gap_ = 0;
  }
  const Handle dcpl = creation_list_of(object);
  std::size_t count = 0;
  if (api().H5Pget_virtual_count(dcpl.get(), &count) < 0) return;
  for (std::size_t i = 0; i < count; ++i) {
    mappings_.push_back({text_of(api().H5Pget_virtual_filename, dcpl.get(), i),
                         text_of(api().H5Pget_virtual_dsetname, dcpl.get(), i),
                         Handle(api().H5Pget_virtual_vspace(dcpl.get(), i)),
                         Handle(api().H5Pget_virtual_srcspace(dcpl.get(), i)),
                         {}});
  }
}

VirtualSources::~VirtualSources() { context().virtual_datasets.erase(this); }

std::string VirtualSources::describe(const std::string& file, const std::string& dataset) const {
  return "source " + file + ", dataset " + dataset + ", of the virtual dataset " +
         object_.file->url() + path_of(object_.under, H5I_DATASET);
}

Result<Object*> VirtualSources::source(const std::string& file, const std::string& dataset,
                                       bool write) {
  const hdf5::SilenceErrors silence;
  const auto known = sources_.find({file, dataset});
  if (known != sources_.end()) return static_cast<Object*>(known->second.dataset);
  Source source;
  void* location = object_.under;
  H5I_type_t type = H5I_DATASET;
  source.writable = write || file == ".";
  if (file != ".") {
    auto opened = open_source_file(object_, file, write);
    if (!opened.ok()) {
      if (opened.status().code() == Code::not_found) return static_cast<Object*>(nullptr);
      return opened.status().with_context(describe(file, dataset) + ", cannot be opened");
    }
    source.file = std::move(*opened);
    // H5VLobject looks through pass-through connectors: this is the native file.
    location = api().H5VLobject(source.file.get());
    type = H5I_FILE;
  }
  auto found = open_source_dataset(location, type, dataset);
  if (!found.ok()) {
    return found.status().with_context(describe(file, dataset) + ", cannot be opened");
  }
  if (*found == nullptr) return static_cast<Object*>(nullptr);
  object_of(*found).virtual_prefix = object_.virtual_prefix;
  source.dataset = *found;
  sources_.emplace(std::pair(file, dataset), std::move(source));
  return static_cast<Object*>(*found);
}

Status VirtualSources::add_limited(const Mapping& mapping, const Want& want,
                                   std::vector<Piece>& out) {
  Handle virtual_space = in_extent(mapping.virtual_space.get(), want.dims);
  if (!virtual_space.valid() || !overlap(want.selection, virtual_space.get())) return {};
  const std::string file = with_block_number(mapping.file, "");
  const std::string dataset = with_block_number(mapping.dataset, "");
  ARRAYMORPH_ASSIGN(Object* const from, source(file, dataset, want.write));
  if (from == nullptr) return {};
  ARRAYMORPH_ASSIGN(const Handle space, current_space(*from));
  const chunk::Extent dims = hdf5::extent_of(space.get());
  Handle source_space = moved(mapping.source_space.get(), dims);
  const std::string name = describe(file, dataset);
  if (!source_space.valid() || api().H5Sget_select_npoints(source_space.get()) !=
                                   api().H5Sget_select_npoints(virtual_space.get())) {
    return {Code::invalid_argument,
            name + ": it has the shape " + shape_text(dims) + ", which does not fit the mapping"};
  }
  out.push_back({from, name, std::move(virtual_space), std::move(source_space)});
  return {};
}

Status VirtualSources::add_unlimited(const Mapping& mapping, const Want& want,
                                     std::vector<Piece>& out) {
  const auto target = regular_hyperslab(mapping.virtual_space.get());
  const auto origin = regular_hyperslab(mapping.source_space.get());
  if (!target || !origin || !origin->unlimited) return {};
  const hsize_t room = coordinates_below(*target, want.dims[*target->unlimited]);
  if (room == 0 || !overlap(want.selection, clipped(*target, want.dims, room).get())) return {};
  ARRAYMORPH_ASSIGN(Object* const from, source(mapping.file, mapping.dataset, want.write));
  if (from == nullptr) return {};
  ARRAYMORPH_ASSIGN(const Handle space, current_space(*from));
  const chunk::Extent dims = hdf5::extent_of(space.get());
  const std::string name = describe(mapping.file, mapping.dataset);
  if (dims.size() != origin->start.size()) {
    return {Code::invalid_argument,
            name + ": it has the shape " + shape_text(dims) + ", which does not fit the mapping"};
  }
  const hsize_t coordinates = std::min(room, coordinates_below(*origin, dims[*origin->unlimited]));
  if (coordinates == 0) return {};
  out.push_back(
      {from, name, clipped(*target, want.dims, coordinates), clipped(*origin, dims, coordinates)});
  return {};
}

Status VirtualSources::add_numbered(const Mapping& mapping, const Want& want,
                                    std::vector<Piece>& out) {
  const auto target = regular_hyperslab(mapping.virtual_space.get());
  if (!target || !target->unlimited) return {};
  const std::size_t axis = *target->unlimited;
  std::vector<hsize_t> first(want.dims.size()), last(want.dims.size());
  if (api().H5Sget_select_bounds(want.selection, first.data(), last.data()) < 0) return {};
  const hsize_t end = std::min<hsize_t>(want.dims[axis], last[axis] + 1);
  const hsize_t start = target->start[axis];
  const hsize_t stride = target->stride[axis];
  for (hsize_t block = first[axis] > start ? (first[axis] - start) / stride : 0;
       start + block * stride < end && (!mapping.blocks || block < *mapping.blocks); ++block) {
    Hyperslab one = *target;
    one.start[axis] += block * stride;
    // The extent may cut the last block.
    chunk::Extent dims = want.dims;
    dims[axis] = std::max<std::uint64_t>(dims[axis], one.start[axis] + one.block[axis]);
    Handle virtual_space = clipped(one, dims, one.block[axis]);
    if (!overlap(want.selection, virtual_space.get())) continue;
    const std::string number = std::to_string(block);
    const Mapping numbered{with_block_number(mapping.file, number),
                           with_block_number(mapping.dataset, number),
                           std::move(virtual_space),
                           Handle(api().H5Scopy(mapping.source_space.get())),
                           {}};
    ARRAYMORPH_TRY(add_limited(numbered, {want.selection, dims, want.write}, out));
  }
  return {};
}

Result<std::vector<VirtualSources::Piece>> VirtualSources::pieces(hid_t selection, bool write) {
  // HDF5 refuses to open for writing what is open for reading.
  if (write) std::erase_if(sources_, [](const auto& each) { return !each.second.writable; });
  std::vector<Piece> result;
  const Want want{selection, hdf5::extent_of(selection), write};
  for (const Mapping& mapping : mappings_) {
    const auto target = regular_hyperslab(mapping.virtual_space.get());
    if (!target || !target->unlimited) {
      ARRAYMORPH_TRY(add_limited(mapping, want, result));
    } else if (mapping.numbered()) {
      ARRAYMORPH_TRY(add_numbered(mapping, want, result));
    } else {
      ARRAYMORPH_TRY(add_unlimited(mapping, want, result));
    }
  }
  return result;
}

bool VirtualSources::follows_sources() const {
  return std::any_of(mappings_.begin(), mappings_.end(), [](const Mapping& mapping) {
    const auto target = regular_hyperslab(mapping.virtual_space.get());
    return target && target->unlimited;
  });
}

/// The extent of the unlimited axis up to which the blocks of a printf-style mapping are there. The
/// search ends after as many missing ones as the access list allows.
Result<hsize_t> VirtualSources::shown_by_numbered(Mapping& mapping, const Hyperslab& target) {
  hsize_t present = 0;  // blocks up to the last that exists
  for (hsize_t block = 0; block <= gap_ + present; ++block) {
    const std::string number = std::to_string(block);
    ARRAYMORPH_ASSIGN(const Object* const from,
                      source(with_block_number(mapping.file, number),
                             with_block_number(mapping.dataset, number), /*write=*/false));
    if (from != nullptr) present = block + 1;
  }
  mapping.blocks = present;
  const std::size_t axis = *target.unlimited;
  return extent_showing(target, present * target.block[axis], first_missing_ && present > 0);
}

Result<hsize_t> VirtualSources::shown_by(Mapping& mapping, const Hyperslab& target) {
  if (mapping.numbered()) return shown_by_numbered(mapping, target);
  const auto origin = regular_hyperslab(mapping.source_space.get());
  ARRAYMORPH_ASSIGN(Object* const from, source(mapping.file, mapping.dataset, /*write=*/false));
  if (from == nullptr || !origin || !origin->unlimited) return hsize_t{0};
  ARRAYMORPH_ASSIGN(const Handle space, current_space(*from));
  const chunk::Extent dims = hdf5::extent_of(space.get());
  if (*origin->unlimited >= dims.size()) return hsize_t{0};
  return extent_showing(target, coordinates_below(*origin, dims[*origin->unlimited]),
                        first_missing_);
}

Result<Handle> VirtualSources::space() {
  const Nesting nesting;
  ARRAYMORPH_TRY(Nesting::check(object_));
  if (!follows_sources()) return space_of(object_);
  // Mappings carry the extent with which the dataset was opened.
  std::vector<hsize_t> dims(hdf5::extent_of(mappings_.front().virtual_space.get()).size());
  std::vector<hsize_t> most(dims.size()), least(dims.size());
  api().H5Sget_simple_extent_dims(mappings_.front().virtual_space.get(), dims.data(), most.data());
  std::vector<std::optional<hsize_t>> shown(dims.size());
  for (Mapping& mapping : mappings_) {
    const auto target = regular_hyperslab(mapping.virtual_space.get());
    const bool unlimited = target && target->unlimited;
    const auto ends = ends_of(mapping.virtual_space.get());
    for (std::size_t axis = 0; axis < ends.size(); ++axis) {
      if (unlimited && axis == *target->unlimited) continue;
      least[axis] = std::max(least[axis], ends[axis]);
    }
    if (!unlimited) continue;
    ARRAYMORPH_ASSIGN(const hsize_t here, shown_by(mapping, *target));
    auto& all = shown[*target->unlimited];
    if (!all || (first_missing_ ? here < *all : here > *all)) all = here;
  }
  for (std::size_t axis = 0; axis < dims.size(); ++axis) {
    if (shown[axis]) dims[axis] = std::max(*shown[axis], least[axis]);
  }
  known_ = Handle(api().H5Screate_simple(static_cast<int>(dims.size()), dims.data(), most.data()));
  return Handle(api().H5Scopy(known_.get()));
}

Result<Handle> VirtualSources::known_space() {
  return known_.valid() ? Handle(api().H5Scopy(known_.get())) : space();
}

Status VirtualSources::flush() {
  if (flushing_) return {};  // a source file has a virtual dataset over this one's file
  flushing_ = true;
  Status result;
  for (auto& [name, source] : sources_) {
    if (!source.writable) continue;
    Status status = source.flush(describe(name.first, name.second));
    if (result.ok()) result = std::move(status);
  }
  flushing_ = false;
  return result;
}

void VirtualSources::hand_over() {
  for (auto& [name, source] : sources_) {
    if (!source.writable) continue;
    std::string what = describe(name.first, name.second);
    const Status status = source.flush(what);
    if (status.ok() || !source.file.valid()) continue;
    log(LogLevel::warn, status.message() + " (flush and close of the file try again)");
    context().unstored_sources.push_back({object_.file, std::move(what), std::move(source.file)});
  }
}

Status flush_sources(const FileState& file) {
  Status result;
  const std::set<VirtualSources*> open = context().virtual_datasets;
  for (VirtualSources* each : open) {
    if (!each->belongs_to(file)) continue;
    if (Status status = each->flush(); result.ok()) result = std::move(status);
  }
  // A source may itself have some: what this call is about is taken out meanwhile.
  auto& all = context().unstored_sources;
  const auto ours = std::stable_partition(all.begin(), all.end(), [&](const UnstoredSource& each) {
    return each.master.lock().get() != &file;
  });
  std::vector<UnstoredSource> waiting(std::make_move_iterator(ours),
                                      std::make_move_iterator(all.end()));
  all.erase(ours, all.end());
  for (UnstoredSource& each : waiting) {
    Status status = flush_file(each.file.get(), each.what);
    if (!status.ok()) all.push_back(std::move(each));
    if (result.ok()) result = std::move(status);
  }
  return result;
}

void VirtualSources::forget() { sources_.clear(); }

}  // namespace arraymorph::vol
