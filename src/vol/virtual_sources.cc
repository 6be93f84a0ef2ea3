#include "vol/virtual_sources.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "hdf5/error.h"
#include "vol/callbacks.h"
#include "vol/dataset.h"
#include "vol/file_state.h"
#include "vol/open_failure.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;
using hdf5::Handle;

/// H5Sget_regular_hyperslab.
struct Hyperslab {
  std::vector<hsize_t> start, stride, count, block;
  std::optional<std::size_t> unlimited;  ///< the axis without an end
};

std::optional<Hyperslab> regular_hyperslab(hid_t space) {
  if (api().H5Sget_select_type(space) != H5S_SEL_HYPERSLABS ||
      api().H5Sis_regular_hyperslab(space) <= 0) {
    return std::nullopt;
  }
  const std::size_t rank = hdf5::extent_of(space).size();
  Hyperslab slab;
  for (auto* values : {&slab.start, &slab.stride, &slab.count, &slab.block}) values->resize(rank);
  if (api().H5Sget_regular_hyperslab(space, slab.start.data(), slab.stride.data(),
                                     slab.count.data(), slab.block.data()) < 0) {
    return std::nullopt;
  }
  for (std::size_t axis = 0; axis < rank; ++axis) {
    if (slab.count[axis] == H5S_UNLIMITED || slab.block[axis] == H5S_UNLIMITED) {
      slab.unlimited = axis;
    }
  }
  return slab;
}

/// How many coordinates of the unlimited axis lie below `limit`.
hsize_t coordinates_below(const Hyperslab& slab, hsize_t limit) {
  const std::size_t axis = *slab.unlimited;
  if (limit <= slab.start[axis]) return 0;
  const hsize_t span = limit - slab.start[axis];
  if (slab.block[axis] == H5S_UNLIMITED) return span;
  const hsize_t whole = span / slab.stride[axis];
  return whole * slab.block[axis] + std::min(span % slab.stride[axis], slab.block[axis]);
}

Handle simple_space(const chunk::Extent& dims) {
  const std::vector<hsize_t> extent(dims.begin(), dims.end());
  return Handle(api().H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr));
}

/// The first `coordinates` of the unlimited axis, everything on the others.
Handle clipped(Hyperslab slab, const chunk::Extent& dims, hsize_t coordinates) {
  Handle space = simple_space(dims);
  api().H5Sselect_none(space.get());
  const std::size_t axis = *slab.unlimited;
  if (slab.block[axis] == H5S_UNLIMITED) slab.block[axis] = std::max<hsize_t>(coordinates, 1);
  const hsize_t blocks = coordinates / slab.block[axis];
  const hsize_t rest = coordinates % slab.block[axis];
  const auto add = [&] {
    api().H5Sselect_hyperslab(space.get(), H5S_SELECT_OR, slab.start.data(), slab.stride.data(),
                              slab.count.data(), slab.block.data());
  };
  slab.count[axis] = blocks;
  if (blocks > 0) add();
  if (rest > 0) {
    slab.start[axis] += blocks * slab.stride[axis];
    slab.count[axis] = 1;
    slab.block[axis] = rest;
    add();
  }
  return space;
}

/// `selection` moved into a space of today's extent; invalid when it no longer fits.
Handle in_extent(hid_t selection, const chunk::Extent& dims) {
  Handle space(api().H5Scopy(selection));
  const std::vector<hsize_t> extent(dims.begin(), dims.end());
  api().H5Sset_extent_simple(space.get(), static_cast<int>(extent.size()), extent.data(), nullptr);
  if (api().H5Sselect_valid(space.get()) <= 0) return {};
  return space;
}

/// printf-style source names: "%b" is the block number, "%%" a percent sign.
bool has_block_number(const std::string& name) {
  for (std::size_t i = 0; i + 1 < name.size(); ++i) {
    if (name[i] != '%') continue;
    if (name[i + 1] == 'b') return true;
    ++i;
  }
  return false;
}

std::string expand(const std::string& name, const std::string& block) {
  std::string result;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '%' || i + 1 == name.size()) {
      result += name[i];
      continue;
    }
    ++i;
    result += name[i] == 'b' ? block : std::string(1, name[i]);
  }
  return result;
}

std::string directory_of(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return slash == std::string::npos ? "" : name.substr(0, slash);
}

bool absolute(const std::string& name) {
  return name.starts_with('/') || name.find("://") != std::string::npos;
}

std::string virtual_prefix(const Object& object) {
  H5VL_dataset_get_args_t args{};
  args.op_type = H5VL_DATASET_GET_DAPL;
  if (api().H5VLdataset_get(object.under, native(), &args, default_transfer(), nullptr) < 0)
    return {};
  const Handle dapl(args.args.get_dapl.dapl_id);
  const ssize_t length = api().H5Pget_virtual_prefix(dapl.get(), nullptr, 0);
  if (length <= 0) return {};
  std::string prefix(static_cast<std::size_t>(length) + 1, '\0');
  api().H5Pget_virtual_prefix(dapl.get(), prefix.data(), prefix.size());
  prefix.pop_back();
  return prefix;
}

template <class Getter>
std::string text_of(Getter getter, hid_t dcpl, std::size_t index) {
  const ssize_t length = getter(dcpl, index, nullptr, 0);
  if (length <= 0) return {};
  std::string text(static_cast<std::size_t>(length) + 1, '\0');
  getter(dcpl, index, text.data(), text.size());
  text.pop_back();
  return text;
}

/// A list that opens files through us as what the parent leads to, closing as it does: HDF5 refuses
/// to open a file twice with different degrees.
Handle file_access_list(FileState& parent) {
  Handle list(api().H5Pcreate(ARRAYMORPH_HDF5_ID(H5P_CLS_FILE_ACCESS_ID_g)));
  api().H5Pset_fclose_degree(list.get(), static_cast<H5F_close_degree_t>(parent.close_degree()));
  api().H5Pset_vol(list.get(), own_connector(), nullptr);
  const vfd::DriverInfo origin{parent.opening()};
  api().H5Pset_driver(list.get(), context().driver, &origin);
  return list;
}

std::string file_name(const Object& dataset) {
  std::size_t length = 0;
  H5VL_file_get_args_t args{};
  args.op_type = H5VL_FILE_GET_NAME;
  args.args.get_name.type = H5I_DATASET;
  args.args.get_name.file_name_len = &length;
  if (api().H5VLfile_get(dataset.under, native(), &args, default_transfer(), nullptr) < 0)
    return {};
  std::string name(length + 1, '\0');
  args.args.get_name.buf = name.data();
  args.args.get_name.buf_size = name.size();
  if (api().H5VLfile_get(dataset.under, native(), &args, default_transfer(), nullptr) < 0)
    return {};
  name.resize(length);
  return name;
}

}  // namespace

VirtualSources::VirtualSources(const Object& object)
    : object_(object), prefix_(virtual_prefix(object)) {
  const Handle dcpl = creation_list_of(object);
  std::size_t count = 0;
  if (api().H5Pget_virtual_count(dcpl.get(), &count) < 0) return;
  for (std::size_t i = 0; i < count; ++i) {
    mappings_.push_back({text_of(api().H5Pget_virtual_filename, dcpl.get(), i),
                         text_of(api().H5Pget_virtual_dsetname, dcpl.get(), i),
                         Handle(api().H5Pget_virtual_vspace(dcpl.get(), i)),
                         Handle(api().H5Pget_virtual_srcspace(dcpl.get(), i))});
  }
}

VirtualSources::~VirtualSources() {
  const hdf5::PreserveErrors preserve;
  for (auto& [name, source] : sources_) {
    if (source.dataset != nullptr) dataset::close(source.dataset, default_transfer(), nullptr);
  }
}

Handle VirtualSources::open_file(const std::string& name) {
  const Handle fapl = file_access_list(*object_.file);
  const unsigned flags = object_.file->writable() ? H5F_ACC_RDWR : H5F_ACC_RDONLY;
  const std::string folder = directory_of(file_name(object_));
  // HDF5's order (H5Pset_virtual_prefix, HDF5_VDS_PREFIX): prefixes, the parent's folder, as is.
  std::vector<std::string> candidates;
  if (!absolute(name)) {
    const char* variable = std::getenv("HDF5_VDS_PREFIX");
    for (std::string prefix : {std::string(variable == nullptr ? "" : variable), prefix_}) {
      if (prefix.starts_with("${ORIGIN}")) prefix = folder + prefix.substr(9);
      if (!prefix.empty()) candidates.push_back(prefix + "/" + name);
    }
    if (!folder.empty()) candidates.push_back(folder + "/" + name);
  }
  candidates.push_back(name);
  const OpenFailures failures;
  for (const std::string& candidate : candidates) {
    Handle file(api().H5Fopen(candidate.c_str(), flags, fapl.get()));
    if (file.valid()) return file;
  }
  if (const Status worst = failures.worst(); worst.code() == Code::permission_denied) {
    failure_ = worst;
  }
  return {};
}

Object* VirtualSources::source(const std::string& file, const std::string& dataset) {
  const auto [entry, created] = sources_.try_emplace({file, dataset});
  Source& source = entry->second;
  if (created) {
    const hdf5::SilenceErrors silence;  // a missing source means the fill value
    void* location = object_.under;
    H5VL_loc_params_t loc = self(H5I_DATASET);
    if (file != ".") {
      source.file = open_file(file);
      // H5VLobject looks through pass-through connectors: this is the native file.
      location = source.file.valid() ? api().H5VLobject(source.file.get()) : nullptr;
      loc = self(H5I_FILE);
    }
    if (location != nullptr) {
      // Source names count from the root group, whatever they start with.
      const std::string path = dataset.starts_with('/') ? dataset : "/" + dataset;
      source.dataset = wrap(api().H5VLdataset_open(location, &loc, native(), path.c_str(),
                                                   ARRAYMORPH_HDF5_ID(H5P_LST_DATASET_ACCESS_ID_g),
                                                   default_transfer(), nullptr),
                            H5I_DATASET);
    }
  }
  return static_cast<Object*>(source.dataset);
}

void VirtualSources::add_unlimited(const Mapping& mapping, const chunk::Extent& dims,
                                   std::vector<Piece>& out) {
  Object* from = source(mapping.file, mapping.dataset);
  const auto target = regular_hyperslab(mapping.virtual_space.get());
  const auto origin = regular_hyperslab(mapping.source_space.get());
  if (from == nullptr || !target || !origin || !origin->unlimited) return;
  const chunk::Extent source_dims = hdf5::extent_of(space_of(*from).get());
  const hsize_t coordinates = std::min(coordinates_below(*target, dims[*target->unlimited]),
                                       coordinates_below(*origin, source_dims[*origin->unlimited]));
  if (coordinates == 0) return;
  out.push_back(
      {from, clipped(*target, dims, coordinates), clipped(*origin, source_dims, coordinates)});
}

void VirtualSources::add_printf(const Mapping& mapping, const chunk::Extent& dims,
                                std::vector<Piece>& out) {
  const auto target = regular_hyperslab(mapping.virtual_space.get());
  if (!target || !target->unlimited) return;
  const std::size_t axis = *target->unlimited;
  for (hsize_t block = 0;; ++block) {
    Hyperslab one = *target;
    one.start[axis] += block * one.stride[axis];
    if (one.start[axis] >= dims[axis]) return;
    const hsize_t room = dims[axis] - one.start[axis];
    if (room < one.block[axis]) return;  // HDF5 gives whole blocks only
    const std::string number = std::to_string(block);
    Object* from = source(expand(mapping.file, number), expand(mapping.dataset, number));
    if (from == nullptr) continue;
    Handle source_space =
        in_extent(mapping.source_space.get(), hdf5::extent_of(space_of(*from).get()));
    if (!source_space.valid()) continue;
    out.push_back({from, clipped(one, dims, one.block[axis]), std::move(source_space)});
  }
}

std::vector<VirtualSources::Piece> VirtualSources::pieces(hid_t space) {
  std::vector<Piece> result;
  const chunk::Extent dims = hdf5::extent_of(space);
  for (const Mapping& mapping : mappings_) {
    const auto target = regular_hyperslab(mapping.virtual_space.get());
    if (target && target->unlimited) {
      const bool numbered = has_block_number(mapping.file) || has_block_number(mapping.dataset);
      numbered ? add_printf(mapping, dims, result) : add_unlimited(mapping, dims, result);
      continue;
    }
    Object* from = source(expand(mapping.file, ""), expand(mapping.dataset, ""));
    if (from == nullptr) continue;
    Handle virtual_space = in_extent(mapping.virtual_space.get(), dims);
    Handle source_space =
        in_extent(mapping.source_space.get(), hdf5::extent_of(space_of(*from).get()));
    if (!virtual_space.valid() || !source_space.valid()) continue;
    result.push_back({from, std::move(virtual_space), std::move(source_space)});
  }
  return result;
}

}  // namespace arraymorph::vol
