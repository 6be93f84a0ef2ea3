#include "hdf5/error.h"
#include "vol/callbacks.h"
#include "vol/dataset.h"
#include "vol/file_state.h"
#include "vol/fill_memory.h"
#include "vol/virtual_sources.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;
using hdf5::Handle;

/// The transfer's two selections as dataspaces, with H5S_ALL and H5S_BLOCK resolved.
struct Spaces {
  Handle file;
  Handle memory;
  hssize_t points = 0;
};

Status outside(const std::string& side) {
  return {Code::invalid_argument, "the " + side + " selection leaves its dataspace"};
}

Result<Spaces> spaces_of(Object& object, hid_t memory_space, hid_t file_space) {
  Spaces spaces;
  if (file_space == H5S_ALL) {
    ARRAYMORPH_ASSIGN(spaces.file, object.sources->known_space());
    api().H5Sselect_all(spaces.file.get());
  } else {
    spaces.file = with_offset(file_space);
    if (!spaces.file.valid()) return outside("file");
  }
  spaces.points = api().H5Sget_select_npoints(spaces.file.get());
  if (memory_space == H5S_BLOCK) {
    const auto points = static_cast<hsize_t>(spaces.points);
    spaces.memory = Handle(api().H5Screate_simple(1, &points, nullptr));
  } else {
    spaces.memory = with_offset(memory_space == H5S_ALL ? spaces.file.get() : memory_space);
    if (!spaces.memory.valid()) return outside("memory");
  }
  if (spaces.points < 0 || spaces.points != api().H5Sget_select_npoints(spaces.memory.get())) {
    return Status(Code::invalid_argument,
                  "file and memory selection have different numbers of elements");
  }
  return spaces;
}

/// One source's part of a transfer.
struct Part {
  void* source = nullptr;
  std::string name;
  Handle memory;
  Handle file;
};

Result<std::vector<Part>> parts_of(Object& object, const Spaces& spaces, bool write) {
  std::vector<Part> parts;
  const Handle selection = as_hyperslab(spaces.file.get());
  ARRAYMORPH_ASSIGN(auto pieces, object.sources->pieces(selection.get(), write));
  for (auto& piece : pieces) {
    Part part;
    part.source = piece.source;
    part.name = std::move(piece.name);
    part.file = Handle(api().H5Sselect_project_intersection(
        piece.virtual_space.get(), piece.source_space.get(), selection.get()));
    part.memory = Handle(api().H5Sselect_project_intersection(selection.get(), spaces.memory.get(),
                                                              piece.virtual_space.get()));
    if (!part.file.valid() || !part.memory.valid()) {
      return Status(Code::internal,
                    part.name + ": cannot map the selection: " + hdf5::innermost_error());
    }
    if (api().H5Sget_select_npoints(part.file.get()) == 0) continue;
    if (api().H5Sselect_valid(part.file.get()) <= 0) {
      return Status(Code::invalid_argument,
                    part.name + ": it is too small by now for the elements that are mapped there");
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

std::vector<hid_t> memory_of(const std::vector<Part>& parts) {
  std::vector<hid_t> spaces;
  for (const Part& part : parts) spaces.push_back(part.memory.get());
  return spaces;
}

Status failed(const Part& part, const char* what) {
  // The source's own callback has pushed the cause. It goes into our words: of several errors h5py
  // shows the innermost, which does not say whose source this is.
  const auto& file = object_of(part.source).file;
  return {Code::internal, part.name + (file ? " (" + file->url() + ")" : "") + ", cannot be " +
                              what + ": " + hdf5::innermost_error()};
}

}  // namespace

Status read_virtual(const ReadTransfer& transfer, hid_t dxpl_id) {
  Object& object = *transfer.object;
  const Nesting nesting;
  ARRAYMORPH_TRY(Nesting::check(object));
  ARRAYMORPH_ASSIGN(const Spaces spaces,
                    spaces_of(object, transfer.memory_space, transfer.file_space));
  if (spaces.points == 0) return {};
  ARRAYMORPH_ASSIGN(auto parts, parts_of(object, spaces, /*write=*/false));
  for (Part& part : parts) {
    const hdf5::SilenceErrors silence;
    hid_t type = transfer.memory_type;
    hid_t memory = part.memory.get();
    hid_t file = part.file.get();
    void* buffer = transfer.buffer;
    if (dataset::read(1, &part.source, &type, &memory, &file, dxpl_id, &buffer, nullptr) < 0) {
      return failed(part, "read");
    }
  }
  return fill_memory(object, transfer.memory_type, spaces.memory.get(), memory_of(parts),
                     transfer.buffer);
}

Status write_virtual(const WriteTransfer& transfer, hid_t dxpl_id) {
  Object& object = *transfer.object;
  const Nesting nesting;
  ARRAYMORPH_TRY(Nesting::check(object));
  ARRAYMORPH_ASSIGN(const Spaces spaces,
                    spaces_of(object, transfer.memory_space, transfer.file_space));
  ARRAYMORPH_ASSIGN(auto parts, parts_of(object, spaces, /*write=*/true));
  ARRAYMORPH_ASSIGN(const bool whole, provides_all(spaces.memory.get(), memory_of(parts)));
  if (!whole) {
    return {Code::invalid_argument,
            "the selection includes elements of the virtual dataset that no source provides"};
  }
  for (Part& part : parts) {
    const hdf5::SilenceErrors silence;
    hid_t type = transfer.memory_type;
    hid_t memory = part.memory.get();
    hid_t file = part.file.get();
    const void* buffer = transfer.buffer;
    if (dataset::write(1, &part.source, &type, &memory, &file, dxpl_id, &buffer, nullptr) < 0) {
      return failed(part, "written");
    }
  }
  return {};
}

}  // namespace arraymorph::vol
