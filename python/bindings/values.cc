#include "values.h"

#include <dlfcn.h>
#include <hdf5.h>
#include <pybind11/stl.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libhdf5.h"
#include "owned.h"

namespace py = pybind11;

namespace arraymorph::python {
namespace {

// clang-format off: it does not come to rest here
#define ARRAYMORPH_VALUE_CALLS(X) \
  X(H5Aclose) X(H5Acreate2) X(H5Aget_create_plist) X(H5Aget_space) X(H5Aget_type) X(H5Aread) \
  X(H5Awrite) X(H5Dget_space) X(H5Dget_type) X(H5Dread) X(H5Dwrite) X(H5Fget_name) X(H5Oclose) X(H5Oget_info3) \
  X(H5Oget_comment) X(H5Oopen_by_addr) X(H5Oset_comment) X(H5Pclose) X(H5Rcreate) \
  X(H5Rcreate_attr) X(H5Rcreate_object) X(H5Rcreate_region) X(H5Rdereference2) X(H5Rdestroy) \
  X(H5Rget_attr_name) X(H5Rget_region) X(H5Rget_type) X(H5Ropen_object) X(H5Ropen_region) \
  X(H5Sclose) X(H5Screate_simple) X(H5Sget_select_npoints) X(H5Sselect_hyperslab) X(H5Tclose) \
  X(H5Tcommit_anon) X(H5Tdetect_class) X(H5Tget_class) X(H5Tget_member_offset) \
  X(H5Tget_member_type) X(H5Tget_nmembers) X(H5Tget_size) X(H5Tget_super) X(H5Tis_variable_str) \
  X(H5Treclaim)
// clang-format on

struct Calls {
#define ARRAYMORPH_CALL(name) decltype(&::name) name = nullptr;
  ARRAYMORPH_VALUE_CALLS(ARRAYMORPH_CALL)
#undef ARRAYMORPH_CALL
};

/// Where references, and what leads to some, lie in an element.
struct Layout {
  enum class Kind { plain, reference, sequence, parts } kind = Kind::plain;
  std::size_t size = 0;       // of an element in memory
  std::size_t offset = 0;     // in what it is a part of
  std::vector<Layout> inner;  // the parts; of a sequence, of its elements
};

std::uint64_t address_of(const H5O_token_t& token) {
  std::uint64_t address = 0;
  for (std::size_t i = sizeof address; i-- > 0;) address = address << 8 | token.__data[i];
  return address;
}

class Values {
 public:
  /// `owner`: see Libhdf5. The files' ids stay the caller's.
  Values(const std::string& owner, std::int64_t source, std::int64_t target)
      : library_(owner),
        no_file_(library_.access_to_no_file(), library_.find<decltype(::H5Pclose)>("H5Pclose")),
        source_(source),
        target_(target) {
#define ARRAYMORPH_CALL(name) calls_.name = library_.find<decltype(::name)>(#name);
    ARRAYMORPH_VALUE_CALLS(ARRAYMORPH_CALL)
#undef ARRAYMORPH_CALL
  }

  /// The object at `source` of the one file is that at `target` of the other.
  void map(std::uint64_t source, std::uint64_t target) { addresses_[source] = target; }
  /// References that lead nowhere in the source, and nowhere in the target therefore.
  std::uint64_t dangling() const { return dangling_; }

  bool has_references(std::int64_t type) const {
    return layout_of(type).kind != Layout::Kind::plain;
  }

  /// An empty attribute with the name, and its encoding, of another.
  void create_attribute(std::int64_t attribute, std::int64_t object, const std::string& name,
                        std::int64_t type, std::int64_t space) const {
    const Owned list(calls_.H5Aget_create_plist(attribute), calls_.H5Pclose);
    if (!list.ok()) fail("H5Aget_create_plist");
    const Owned made(calls_.H5Acreate2(object, name.c_str(), type, space, list.get(), H5P_DEFAULT),
                     calls_.H5Aclose);
    if (!made.ok()) fail("H5Acreate2");
  }

  void copy_attribute(std::int64_t from, std::int64_t to) {
    const Owned type(calls_.H5Aget_type(from), calls_.H5Tclose);
    const Owned space(calls_.H5Aget_space(from), calls_.H5Sclose);
    if (!type.ok() || !space.ok()) fail("H5Aget_type");
    const auto points = count(space.get());
    if (points == 0) return;
    Room room(*this, type.get(), space.get(), points);
    if (calls_.H5Aread(from, type.get(), room.data()) < 0) fail("H5Aread");
    room.filled = true;
    translate(room, type.get(), points);
    if (calls_.H5Awrite(to, type.get(), room.data()) < 0) fail("H5Awrite");
  }

  /// The elements of one hyperslab, or all of a dataset without axes.
  void copy_elements(std::int64_t from, std::int64_t to, const std::vector<hsize_t>& start,
                     const std::vector<hsize_t>& shape) {
    const Owned type(calls_.H5Dget_type(from), calls_.H5Tclose);
    const Owned read(calls_.H5Dget_space(from), calls_.H5Sclose);
    const Owned write(calls_.H5Dget_space(to), calls_.H5Sclose);
    if (!type.ok() || !read.ok() || !write.ok()) fail("H5Dget_space");
    for (const hid_t space : {read.get(), write.get()}) {
      if (!start.empty() && calls_.H5Sselect_hyperslab(space, H5S_SELECT_SET, start.data(), nullptr,
                                                       shape.data(), nullptr) < 0) {
        fail("H5Sselect_hyperslab");
      }
    }
    const auto points = count(read.get());
    if (points == 0) return;
    const hsize_t length = points;
    const Owned memory(calls_.H5Screate_simple(1, &length, nullptr), calls_.H5Sclose);
    Room room(*this, type.get(), memory.get(), points);
    if (calls_.H5Dread(from, type.get(), memory.get(), read.get(), H5P_DEFAULT, room.data()) < 0) {
      fail("H5Dread");
    }
    room.filled = true;
    translate(room, type.get(), points);
    if (calls_.H5Dwrite(to, type.get(), memory.get(), write.get(), H5P_DEFAULT, room.data()) < 0) {
      fail("H5Dwrite");
    }
  }

  /// h5py's own call reads past its buffer.
  void copy_comment(std::int64_t from, std::int64_t to) const {
    const ssize_t length = calls_.H5Oget_comment(from, nullptr, 0);
    if (length < 0) fail("H5Oget_comment");
    if (length == 0) return;
    std::string text(static_cast<std::size_t>(length) + 1, '\0');
    calls_.H5Oget_comment(from, text.data(), text.size());
    if (calls_.H5Oset_comment(to, text.c_str()) < 0) fail("H5Oset_comment");
  }

  /// Commits a type that no link leads to yet; returns its address.
  std::uint64_t commit(std::int64_t type, std::int64_t list) const {
    if (calls_.H5Tcommit_anon(target_, type, list, H5P_DEFAULT) < 0) fail("H5Tcommit_anon");
    return address(type);
  }

 private:
  /// Elements in memory; what they lead to is released with them.
  class Room {
   public:
    Room(const Values& values, hid_t type, hid_t space, std::uint64_t points)
        : values_(values),
          type_(type),
          space_(space),
          bytes_(values.calls_.H5Tget_size(type) * points) {}
    ~Room() {
      if (filled) values_.calls_.H5Treclaim(type_, space_, H5P_DEFAULT, bytes_.data());
    }
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    std::byte* data() { return bytes_.data(); }
    bool filled = false;

   private:
    const Values& values_;
    const hid_t type_;
    const hid_t space_;
    std::vector<std::byte> bytes_;
  };

  [[noreturn]] void fail(const char* call) const {
    throw std::runtime_error(library_.failure(std::string(call) + " failed"));
  }

  std::uint64_t count(hid_t space) const {
    const hssize_t points = calls_.H5Sget_select_npoints(space);
    if (points < 0) fail("H5Sget_select_npoints");
    return static_cast<std::uint64_t>(points);
  }

  std::uint64_t address(hid_t object) const {
    H5O_info2_t info{};
    if (calls_.H5Oget_info3(object, &info, H5O_INFO_BASIC) < 0) fail("H5Oget_info3");
    return address_of(info.token);
  }

  Layout layout_of(hid_t type) const {
    Layout layout;
    layout.size = calls_.H5Tget_size(type);
    switch (calls_.H5Tget_class(type)) {
      case H5T_REFERENCE:
        layout.kind = Layout::Kind::reference;
        break;
      case H5T_VLEN: {
        const Owned inner(calls_.H5Tget_super(type), calls_.H5Tclose);
        Layout element = layout_of(inner.get());
        if (element.kind == Layout::Kind::plain) break;
        layout.kind = Layout::Kind::sequence;
        layout.inner.push_back(std::move(element));
        break;
      }
      case H5T_ARRAY: {
        const Owned inner(calls_.H5Tget_super(type), calls_.H5Tclose);
        Layout element = layout_of(inner.get());
        if (element.kind == Layout::Kind::plain) break;
        layout.kind = Layout::Kind::parts;
        for (; element.offset + element.size <= layout.size; element.offset += element.size) {
          layout.inner.push_back(element);
        }
        break;
      }
      case H5T_COMPOUND:
        add_members(type, layout);
        break;
      default:
        break;
    }
    return layout;
  }

  void add_members(hid_t type, Layout& layout) const {
    const int members = calls_.H5Tget_nmembers(type);
    for (int i = 0; i < members; ++i) {
      const auto member = static_cast<unsigned>(i);
      const Owned inner(calls_.H5Tget_member_type(type, member), calls_.H5Tclose);
      Layout element = layout_of(inner.get());
      if (element.kind == Layout::Kind::plain) continue;
      layout.kind = Layout::Kind::parts;
      element.offset = calls_.H5Tget_member_offset(type, member);
      layout.inner.push_back(std::move(element));
    }
  }

  void translate(Room& room, hid_t type, std::uint64_t points) {
    const Layout layout = layout_of(type);
    if (layout.kind == Layout::Kind::plain) return;
    for (std::uint64_t i = 0; i < points; ++i) translate(room.data() + i * layout.size, layout);
  }

  void translate(std::byte* element, const Layout& layout) {
    switch (layout.kind) {
      case Layout::Kind::plain:
        return;
      case Layout::Kind::reference:
        return translate_reference(element, layout.size);
      case Layout::Kind::parts:
        for (const Layout& part : layout.inner) translate(element + part.offset, part);
        return;
      case Layout::Kind::sequence:
        hvl_t sequence{};
        std::memcpy(&sequence, element, sizeof sequence);
        const Layout& inner = layout.inner.front();
        for (std::size_t i = 0; i < sequence.len; ++i) {
          translate(static_cast<std::byte*>(sequence.p) + i * inner.size, inner);
        }
        return;
    }
  }

  void translate_reference(std::byte* reference, std::size_t size) {
    bool null = true;
    for (std::size_t i = 0; i < size; ++i) null = null && reference[i] == std::byte{0};
    if (null) return;
    if (size == sizeof(hobj_ref_t)) return translate_object(reference);
    if (size == sizeof(hdset_reg_ref_t)) return translate_region(reference);
    translate_general(reference);
  }

  /// Where the object of the other file lies; nothing: the reference leads nowhere.
  bool target_of(std::uint64_t source, std::uint64_t& target) {
    const auto found = addresses_.find(source);
    if (found == addresses_.end()) {
      ++dangling_;
      return false;
    }
    target = found->second;
    return true;
  }

  void translate_object(std::byte* reference) {
    hobj_ref_t address = 0;
    std::memcpy(&address, reference, sizeof address);
    std::uint64_t target = 0;
    if (!target_of(address, target)) target = 0;
    address = target;
    std::memcpy(reference, &address, sizeof address);
  }

  void translate_region(std::byte* reference) {
    std::uint64_t target = 0;
    const Owned object(calls_.H5Rdereference2(source_, H5P_DEFAULT, H5R_DATASET_REGION, reference),
                       calls_.H5Oclose);
    const bool known = object.ok() && target_of(address(object.get()), target);
    if (!object.ok()) ++dangling_;
    if (!known) {
      std::memset(reference, 0, sizeof(hdset_reg_ref_t));
      return;
    }
    const Owned region(calls_.H5Rget_region(source_, H5R_DATASET_REGION, reference),
                       calls_.H5Sclose);
    if (!region.ok()) fail("H5Rget_region");
    const Owned moved(calls_.H5Oopen_by_addr(target_, target), calls_.H5Oclose);
    if (!moved.ok()) fail("H5Oopen_by_addr");
    if (calls_.H5Rcreate(reference, moved.get(), ".", H5R_DATASET_REGION, region.get()) < 0) {
      fail("H5Rcreate");
    }
  }

  // References of HDF5 1.12 and later: of any kind, in one form.
  void translate_general(std::byte* bytes) {
    auto* const reference = reinterpret_cast<H5R_ref_t*>(bytes);
    H5R_ref_t made{};
    const H5R_type_t kind = calls_.H5Rget_type(reference);
    const Owned object(calls_.H5Ropen_object(reference, no_file_.get(), H5P_DEFAULT),
                       calls_.H5Oclose);
    std::uint64_t target = 0;
    if (!object.ok() || !target_of(address(object.get()), target)) {
      const std::string name = file_name(source_);
      const std::string other = library_.file_of(reference);
      if (!object.ok() && !other.empty() && other != name) {
        throw std::runtime_error(name + " leads to " + other +
                                 " by a reference; HDF5 cannot write a reference to another file "
                                 "without opening that file, which a copy does not do");
      }
      throw std::runtime_error(
          "a reference leads to no object of this file, which cannot be written in its form");
    }
    const Owned moved(calls_.H5Oopen_by_addr(target_, target), calls_.H5Oclose);
    if (!moved.ok()) fail("H5Oopen_by_addr");
    herr_t created = -1;
    if (kind == H5R_OBJECT2) {
      created = calls_.H5Rcreate_object(moved.get(), ".", H5P_DEFAULT, &made);
    } else if (kind == H5R_DATASET_REGION2) {
      const Owned region(calls_.H5Ropen_region(reference, no_file_.get(), H5P_DEFAULT),
                         calls_.H5Sclose);
      created = calls_.H5Rcreate_region(moved.get(), ".", region.get(), H5P_DEFAULT, &made);
    } else if (kind == H5R_ATTR) {
      const ssize_t length = calls_.H5Rget_attr_name(reference, nullptr, 0);
      if (length < 0) fail("H5Rget_attr_name");
      std::string name(static_cast<std::size_t>(length) + 1, '\0');
      calls_.H5Rget_attr_name(reference, name.data(), name.size());
      created = calls_.H5Rcreate_attr(moved.get(), ".", name.c_str(), H5P_DEFAULT, &made);
    }
    if (created < 0) fail("H5Rcreate_object");
    calls_.H5Rdestroy(reference);
    *reference = made;
  }

  std::string file_name(hid_t file) const {
    const ssize_t length = calls_.H5Fget_name(file, nullptr, 0);
    if (length < 0) fail("H5Fget_name");
    std::string name(static_cast<std::size_t>(length) + 1, '\0');
    calls_.H5Fget_name(file, name.data(), name.size());
    name.pop_back();
    return name;
  }

  const Libhdf5 library_;
  const Owned no_file_;  // an access list
  const hid_t source_;
  const hid_t target_;
  Calls calls_;
  std::unordered_map<std::uint64_t, std::uint64_t> addresses_;
  std::uint64_t dangling_ = 0;
};

/// What a group was created with, but for where its links lie: the list that HDF5 gives of a group
/// with many links names that place, and a group made with it would look there for its own.
void copy_group_properties(const std::string& owner, std::int64_t from, std::int64_t to) {
  const Libhdf5 library(owner);
#define LIBHDF5_CALL(name) library.find<decltype(::name)>(#name)
  const auto check = [&](herr_t status, const char* what) {
    if (status < 0) throw std::runtime_error(library.failure(std::string(what) + " failed"));
  };
  unsigned order = 0;
  unsigned most = 0;
  unsigned least = 0;
  std::size_t hint = 0;
  hbool_t times = true;
  check(LIBHDF5_CALL(H5Pget_link_creation_order)(from, &order), "H5Pget_link_creation_order");
  check(LIBHDF5_CALL(H5Pset_link_creation_order)(to, order), "H5Pset_link_creation_order");
  check(LIBHDF5_CALL(H5Pget_attr_creation_order)(from, &order), "H5Pget_attr_creation_order");
  check(LIBHDF5_CALL(H5Pset_attr_creation_order)(to, order), "H5Pset_attr_creation_order");
  check(LIBHDF5_CALL(H5Pget_link_phase_change)(from, &most, &least), "H5Pget_link_phase_change");
  check(LIBHDF5_CALL(H5Pset_link_phase_change)(to, most, least), "H5Pset_link_phase_change");
  check(LIBHDF5_CALL(H5Pget_attr_phase_change)(from, &most, &least), "H5Pget_attr_phase_change");
  check(LIBHDF5_CALL(H5Pset_attr_phase_change)(to, most, least), "H5Pset_attr_phase_change");
  check(LIBHDF5_CALL(H5Pget_est_link_info)(from, &most, &least), "H5Pget_est_link_info");
  check(LIBHDF5_CALL(H5Pset_est_link_info)(to, most, least), "H5Pset_est_link_info");
  check(LIBHDF5_CALL(H5Pget_local_heap_size_hint)(from, &hint), "H5Pget_local_heap_size_hint");
  check(LIBHDF5_CALL(H5Pset_local_heap_size_hint)(to, hint), "H5Pset_local_heap_size_hint");
  check(LIBHDF5_CALL(H5Pget_obj_track_times)(from, &times), "H5Pget_obj_track_times");
  check(LIBHDF5_CALL(H5Pset_obj_track_times)(to, times), "H5Pset_obj_track_times");
#undef LIBHDF5_CALL
}

}  // namespace

void define_values(py::module_& module) {
  py::class_<Values>(module, "Values")
      .def(py::init<const std::string&, std::int64_t, std::int64_t>())
      .def("map", &Values::map)
      .def("dangling", &Values::dangling)
      .def("has_references", &Values::has_references)
      .def("create_attribute", &Values::create_attribute)
      .def("copy_attribute", &Values::copy_attribute)
      .def("copy_elements", &Values::copy_elements)
      .def("copy_comment", &Values::copy_comment)
      .def("commit", &Values::commit);
  module.def("copy_group_properties", &copy_group_properties);
}

}  // namespace arraymorph::python
