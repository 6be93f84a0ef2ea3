#include "vol/dataset.h"

#include <cstring>

#include "hdf5/creation.h"
#include "hdf5/dataspace.h"
#include "hdf5/datatype.h"
#include "hdf5/error.h"
#include "vol/engine.h"
#include "vol/file_state.h"
#include "vol/virtual_sources.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;
using hdf5::Handle;

Handle get(const Object& object, H5VL_dataset_get_t what) {
  H5VL_dataset_get_args_t args{};
  args.op_type = what;
  if (api().H5VLdataset_get(object.under, native(), &args, default_transfer(), nullptr) < 0)
    return {};
  switch (what) {
    case H5VL_DATASET_GET_TYPE:
      return Handle(args.args.get_type.type_id);
    case H5VL_DATASET_GET_SPACE:
      return Handle(args.args.get_space.space_id);
    default:
      return Handle(args.args.get_dcpl.dcpl_id);
  }
}

Status native_failure(const char* what) {
  return {Code::internal,
          std::string("cannot read the ") + what + " of the dataset: " + hdf5::innermost_error()};
}

/// Whether chunk objects can hold the elements, however many they are.
bool can_have_chunk_objects(hid_t type, hid_t space, hid_t dcpl) {
  const H5D_layout_t layout = api().H5Pget_layout(dcpl);
  if (layout != H5D_CHUNKED && layout != H5D_CONTIGUOUS) return false;
  if (api().H5Pget_external_count(dcpl) != 0) return false;
  if (layout == H5D_CHUNKED) {
    // Unfiltered edge chunks would need a second codec.
    unsigned options = 0;
    if (api().H5Pget_chunk_opts(dcpl, &options) < 0 || options != 0) return false;
  }
  return api().H5Sget_simple_extent_type(space) == H5S_SIMPLE && hdf5::is_fixed_size(type) &&
         !hdf5::extent_of(space).empty();
}

/// The catalog is untrusted: what it says of a dataset has to be what HDF5 says of it (here: for
/// the layout), and could have been created (describe). Bytes of chunk objects would otherwise be
/// taken for pointers, or be written to the files of raw data that a dataset names. The pieces of a
/// contiguous dataset stand in the catalog alone.
Status check_layout(const CatalogEntry& entry, hid_t dcpl, std::size_t rank) {
  const H5D_layout_t layout = api().H5Pget_layout(dcpl);
  const bool fits = entry.contiguous
                        ? layout == H5D_CONTIGUOUS
                        : layout == H5D_CHUNKED && entry.chunk == hdf5::chunk_extent(dcpl, rank);
  if (fits) return {};
  return {Code::corrupt, "its layout or chunks are others there"};
}

Status unfit(const std::string& name, const Status& why) {
  return why.with_context("the catalog does not fit dataset " + name);
}

/// The live form of `entry` for the native dataset below `object`.
Result<std::shared_ptr<Dataset>> make_dataset(const Object& object, Address address,
                                              const CatalogEntry& entry, bool fresh) {
  FileState& file = *object.file;
  ARRAYMORPH_ASSIGN(Description description, describe(object, entry.chunk, entry.contiguous));
  chunk::ArraySpec& spec = description.spec;
  const Handle dcpl = creation_list_of(object);
  if (const Status status = check_layout(entry, dcpl.get(), spec.grid.dims.size()); !status.ok()) {
    return unfit(spec.name, status);
  }
  spec.prefix = file.key_prefix() + entry.prefix;
  spec.fresh = fresh;
  spec.records = entry.records;
  spec.new_objects = file.config().write_mode == WriteMode::new_objects;
  spec.session = file.session();
  spec.commit = &file;

  auto dataset = std::make_shared<Dataset>();
  dataset->address = address;
  dataset->contiguous = entry.contiguous;
  dataset->user_alloc_time = entry.alloc_time;
  dataset->scratch = std::move(description.scratch);
  dataset->array = std::make_unique<chunk::Array>(file.store(), engine(), std::move(spec));
  return dataset;
}

/// A new dataset enters the catalog under a prefix of its own.
Status enter(Object& object, Address address, CatalogEntry entry) {
  FileState& file = *object.file;
  std::string path = path_of(object.under, H5I_DATASET);
  if (path.empty()) path = "anonymous/" + std::to_string(address);
  entry.prefix = file.new_prefix(path);
  ARRAYMORPH_ASSIGN(object.dataset, make_dataset(object, address, entry, /*fresh=*/true));
  file.change_catalog().datasets[address] = std::move(entry);
  file.datasets()[address] = object.dataset;
  object.resolved = true;
  return {};
}

}  // namespace

Result<Description> describe(const Object& object, const chunk::Extent& chunk, bool contiguous) {
  const FileState& file = *object.file;
  const Handle type = type_of(object);
  const Handle space = space_of(object);
  const Handle dcpl = creation_list_of(object);
  if (!type.valid() || !space.valid() || !dcpl.valid()) return native_failure("description");
  Description description;
  chunk::ArraySpec& spec = description.spec;
  spec.name = file.url() + path_of(object.under, H5I_DATASET);
  if (!can_have_chunk_objects(type.get(), space.get(), dcpl.get())) {
    return unfit(spec.name,
                 {Code::corrupt, "datasets of its type, shape or storage have no chunk objects"});
  }
  spec.checksums = file.config().checksums != Checksums::off;
  spec.connections = file.config().connections;
  spec.grid = {hdf5::extent_of(space.get()), chunk, api().H5Tget_size(type.get())};
  if (const Status status = chunk::validate(spec.grid); !status.ok()) {
    return unfit(spec.name, status);
  }
  ARRAYMORPH_ASSIGN(spec.fill, hdf5::fill_value_of(dcpl.get(), type.get()));
  std::vector<FilterSpec> filters;
  if (!contiguous) filters = hdf5::filters_of(dcpl.get());
  spec.codec = make_builtin_codec(filters, spec.grid.element_size);
  if (!spec.codec) {
    description.scratch = std::make_shared<ScratchCodec>(std::move(filters));
    spec.codec = description.scratch;
  }
  return description;
}

Handle type_of(const Object& object) { return get(object, H5VL_DATASET_GET_TYPE); }
Handle space_of(const Object& object) { return get(object, H5VL_DATASET_GET_SPACE); }
Handle creation_list_of(const Object& object) { return get(object, H5VL_DATASET_GET_DCPL); }

Result<Address> address_of(void* native_object, H5I_type_t type) {
  H5O_info2_t info{};
  if (!native_info(native_object, type, info)) return native_failure("address");
  return address_in(info.token);
}

std::string path_of(void* native_object, H5I_type_t type) {
  const H5VL_loc_params_t loc = self(type);
  std::size_t length = 0;
  H5VL_object_get_args_t args{};
  args.op_type = H5VL_OBJECT_GET_NAME;
  args.args.get_name.name_len = &length;
  if (api().H5VLobject_get(native_object, &loc, native(), &args, default_transfer(), nullptr) < 0) {
    return {};
  }
  std::string name(length + 1, '\0');
  args.args.get_name.buf = name.data();
  args.args.get_name.buf_size = name.size();
  if (api().H5VLobject_get(native_object, &loc, native(), &args, default_transfer(), nullptr) < 0) {
    return {};
  }
  name.resize(length);
  return name;
}

bool wants_chunk_objects(const Config& config, hid_t type, hid_t space, hid_t dcpl) {
  if (!can_have_chunk_objects(type, space, dcpl)) return false;
  const std::size_t element = api().H5Tget_size(type);
  const auto points = static_cast<std::uint64_t>(api().H5Sget_simple_extent_npoints(space));
  const bool small = points * element < config.inline_bytes || points == 0;
  return !(small && hdf5::has_fixed_extent(space));
}

Status adopt_created(Object& object, int alloc_time) {
  object.resolved = true;
  FileState& file = *object.file;
  ARRAYMORPH_ASSIGN(const Address address, address_of(object.under, H5I_DATASET));
  // A deleted dataset may have lived at this address.
  file.forget(address);
  const Handle type = type_of(object);
  const Handle space = space_of(object);
  const Handle dcpl = creation_list_of(object);
  if (!type.valid() || !space.valid() || !dcpl.valid()) return native_failure("description");
  if (!wants_chunk_objects(file.config(), type.get(), space.get(), dcpl.get())) {
    object.resolved = false;
    return {};
  }
  const chunk::Extent dims = hdf5::extent_of(space.get());
  const std::size_t element = api().H5Tget_size(type.get());
  CatalogEntry entry;
  entry.contiguous = api().H5Pget_layout(dcpl.get()) == H5D_CONTIGUOUS;
  entry.chunk = entry.contiguous ? chunk::split_contiguous(dims, element, file.config().piece_bytes)
                                 : hdf5::chunk_extent(dcpl.get(), dims.size());
  entry.alloc_time = alloc_time;
  return enter(object, address, std::move(entry));
}

Status adopt_copy(Object& object, const Dataset& source) {
  ARRAYMORPH_ASSIGN(const Address address, address_of(object.under, H5I_DATASET));
  object.file->forget(address);
  CatalogEntry entry;
  entry.chunk = source.array->grid().chunk;
  entry.contiguous = source.contiguous;
  entry.alloc_time = source.user_alloc_time;
  return enter(object, address, std::move(entry));
}

Status resolve_dataset(Object& object) {
  if (object.resolved || !object.file) return {};
  ARRAYMORPH_ASSIGN(const Address address, address_of(object.under, H5I_DATASET));
  auto& live = object.file->datasets();
  if (const auto found = live.find(address); found != live.end() && !object.file->plain()) {
    object.dataset = found->second;
  } else if (const auto entry = object.file->catalog().datasets.find(address);
             entry != object.file->catalog().datasets.end()) {
    ARRAYMORPH_ASSIGN(object.dataset, make_dataset(object, address, entry->second, false));
    live[address] = object.dataset;
  } else {
    const Handle dcpl = creation_list_of(object);
    if (!dcpl.valid()) return native_failure("creation properties");
    object.raw_files = api().H5Pget_external_count(dcpl.get()) != 0;
    if (api().H5Pget_layout(dcpl.get()) == H5D_VIRTUAL) {
      object.sources = std::make_shared<VirtualSources>(object);
    }
  }
  object.resolved = true;
  return {};
}

Status prepare(Object& object) {
  ARRAYMORPH_TRY(resolve_dataset(object));
  if (!object.dataset || !object.dataset->scratch) return {};
  return object.dataset->scratch->prepare(object.under, object.dataset->array->grid().chunk);
}

}  // namespace arraymorph::vol
