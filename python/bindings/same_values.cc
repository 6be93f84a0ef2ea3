#include "same_values.h"

#include <hdf5.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "libhdf5.h"
#include "owned.h"

namespace py = pybind11;

namespace arraymorph::python {
namespace {

// clang-format off: it does not come to rest here
#define ARRAYMORPH_SAME_CALLS(X) \
  X(H5Aget_space) X(H5Aget_type) X(H5Aread) X(H5Dget_space) X(H5Dget_type) X(H5Dread) X(H5Lget_info2) X(H5Lget_val) X(H5Oclose) \
  X(H5Oget_info3) X(H5Rdereference2) X(H5Requal) X(H5Rget_attr_name) X(H5Rget_region) X(H5Rget_type) \
  X(H5Ropen_object) X(H5Ropen_region) X(H5Sclose) X(H5Screate_simple) X(H5Sextent_equal) \
  X(H5Sget_select_elem_npoints) X(H5Sget_select_elem_pointlist) X(H5Sget_select_hyper_blocklist) \
  X(H5Sget_select_hyper_nblocks) X(H5Sget_select_npoints) X(H5Sget_select_type) \
  X(H5Sget_simple_extent_ndims) X(H5Sselect_hyperslab) X(H5Tclose) X(H5Tget_class) \
  X(H5Tget_member_offset) X(H5Tget_member_type) X(H5Tget_nmembers) X(H5Tget_size) \
  X(H5Tget_super) X(H5Tis_variable_str) X(H5Treclaim)
// clang-format on

struct Calls {
#define ARRAYMORPH_CALL(name) decltype(&::name) name = nullptr;
  ARRAYMORPH_SAME_CALLS(ARRAYMORPH_CALL)
#undef ARRAYMORPH_CALL
};

/// What an element is made of.
struct Layout {
  enum class Kind { plain, reference, sequence, text, parts } kind = Kind::plain;
  std::size_t size = 0;       // of an element in memory
  std::size_t offset = 0;     // in what it is a part of
  std::vector<Layout> inner;  // the parts; of a sequence, of its elements
};

/// Elements in memory; what they lead to is released with them.
class Room {
 public:
  Room(const Calls& calls, hid_t type, hid_t space, std::uint64_t points)
      : calls_(calls), type_(type), space_(space), bytes_(calls.H5Tget_size(type) * points) {}
  ~Room() {
    if (filled) calls_.H5Treclaim(type_, space_, H5P_DEFAULT, bytes_.data());
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  std::byte* data() { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }
  bool filled = false;

 private:
  const Calls& calls_;
  const hid_t type_;
  const hid_t space_;
  std::vector<std::byte> bytes_;  // zeros: HDF5 leaves alone what was never written
};

class SameValues {
 public:
  using Box = std::vector<hsize_t>;

  /// `owner`: see Libhdf5. The files' ids stay the caller's.
  SameValues(const std::string& owner, std::int64_t left, std::int64_t right)
      : library_(owner),
        no_file_(library_.access_to_no_file(), library_.find<decltype(::H5Pclose)>("H5Pclose")),
        left_(left),
        right_(right) {
#define ARRAYMORPH_CALL(name) calls_.name = library_.find<decltype(::name)>(#name);
    ARRAYMORPH_SAME_CALLS(ARRAYMORPH_CALL)
#undef ARRAYMORPH_CALL
  }

  /// The object at `left` of the one file is that at `right` of the other.
  void map(std::uint64_t left, std::uint64_t right) {
    counterparts_[left] = right;
    known_.insert(right);
  }

  /// Of two datasets of one type and extent: one hyperslab, or all where there are no axes.
  bool elements(std::int64_t left, std::int64_t right, const Box& start, const Box& shape) const {
    const Owned type(calls_.H5Dget_type(left), calls_.H5Tclose);
    const hsize_t points = product(shape);
    const Owned memory(calls_.H5Screate_simple(1, &points, nullptr), calls_.H5Sclose);
    if (!type.ok() || !memory.ok()) fail("H5Dget_type");
    Room one(calls_, type.get(), memory.get(), points);
    Room two(calls_, type.get(), memory.get(), points);
    read(left, type.get(), memory.get(), start, shape, one);
    read(right, type.get(), memory.get(), start, shape, two);
    return same(one, two, type.get(), points);
  }

  /// Reads the same of one dataset, and throws where that cannot be read.
  void read_elements(std::int64_t dataset, const Box& start, const Box& shape) const {
    const Owned type(calls_.H5Dget_type(dataset), calls_.H5Tclose);
    const hsize_t points = product(shape);
    const Owned memory(calls_.H5Screate_simple(1, &points, nullptr), calls_.H5Sclose);
    if (!type.ok() || !memory.ok()) fail("H5Dget_type");
    Room room(calls_, type.get(), memory.get(), points);
    read(dataset, type.get(), memory.get(), start, shape, room);
  }

  void read_attribute(std::int64_t attribute) const {
    const Owned type(calls_.H5Aget_type(attribute), calls_.H5Tclose);
    const Owned space(calls_.H5Aget_space(attribute), calls_.H5Sclose);
    if (!type.ok() || !space.ok()) fail("H5Aget_type");
    const auto points = count(space.get());
    if (points == 0) return;
    Room room(calls_, type.get(), space.get(), points);
    read_attribute(attribute, type.get(), room);
  }

  /// The value of a link that is no hard one, whatever its class.
  py::bytes link_value(std::int64_t group, const std::string& name) const {
    H5L_info2_t info{};
    if (calls_.H5Lget_info2(group, name.c_str(), &info, H5P_DEFAULT) < 0) fail("H5Lget_info2");
    std::string value(info.type == H5L_TYPE_HARD ? 0 : info.u.val_size, '\0');
    if (!value.empty() &&
        calls_.H5Lget_val(group, name.c_str(), value.data(), value.size(), H5P_DEFAULT) < 0) {
      fail("H5Lget_val");
    }
    return py::bytes(value);
  }

  bool attributes(std::int64_t left, std::int64_t right) const {
    const Owned type(calls_.H5Aget_type(left), calls_.H5Tclose);
    const Owned space(calls_.H5Aget_space(left), calls_.H5Sclose);
    if (!type.ok() || !space.ok()) fail("H5Aget_type");
    const auto points = count(space.get());
    if (points == 0) return true;
    Room one(calls_, type.get(), space.get(), points);
    Room two(calls_, type.get(), space.get(), points);
    read_attribute(left, type.get(), one);
    read_attribute(right, type.get(), two);
    return same(one, two, type.get(), points);
  }

 private:
  [[noreturn]] void fail(const char* call) const {
    throw std::runtime_error(library_.failure(std::string(call) + " failed"));
  }

  static hsize_t product(const Box& shape) {
    hsize_t points = 1;
    for (const hsize_t each : shape) points *= each;
    return points;
  }

  std::uint64_t count(hid_t space) const {
    const hssize_t points = calls_.H5Sget_select_npoints(space);
    if (points < 0) fail("H5Sget_select_npoints");
    return static_cast<std::uint64_t>(points);
  }

  void read(hid_t dataset, hid_t type, hid_t memory, const Box& start, const Box& shape,
            Room& room) const {
    const Owned space(calls_.H5Dget_space(dataset), calls_.H5Sclose);
    if (!space.ok()) fail("H5Dget_space");
    if (!start.empty() && calls_.H5Sselect_hyperslab(space.get(), H5S_SELECT_SET, start.data(),
                                                     nullptr, shape.data(), nullptr) < 0) {
      fail("H5Sselect_hyperslab");
    }
    if (room.size() == 0) return;
    if (calls_.H5Dread(dataset, type, memory, space.get(), H5P_DEFAULT, room.data()) < 0) {
      fail("H5Dread");
    }
    room.filled = true;
  }

  void read_attribute(hid_t attribute, hid_t type, Room& room) const {
    if (calls_.H5Aread(attribute, type, room.data()) < 0) fail("H5Aread");
    room.filled = true;
  }

  Layout layout_of(hid_t type) const {
    Layout layout;
    layout.size = calls_.H5Tget_size(type);
    switch (calls_.H5Tget_class(type)) {
      case H5T_REFERENCE:
        layout.kind = Layout::Kind::reference;
        break;
      case H5T_STRING:
        if (calls_.H5Tis_variable_str(type) > 0) layout.kind = Layout::Kind::text;
        break;
      case H5T_VLEN: {
        const Owned inner(calls_.H5Tget_super(type), calls_.H5Tclose);
        layout.kind = Layout::Kind::sequence;
        layout.inner.push_back(layout_of(inner.get()));
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

  /// Where all members are plain the whole is, with what lies between them.
  void add_members(hid_t type, Layout& layout) const {
    const int members = calls_.H5Tget_nmembers(type);
    for (int i = 0; i < members; ++i) {
      const auto member = static_cast<unsigned>(i);
      const Owned inner(calls_.H5Tget_member_type(type, member), calls_.H5Tclose);
      Layout element = layout_of(inner.get());
      if (element.kind != Layout::Kind::plain) layout.kind = Layout::Kind::parts;
      element.offset = calls_.H5Tget_member_offset(type, member);
      layout.inner.push_back(std::move(element));
    }
  }

  bool same(Room& one, Room& two, hid_t type, std::uint64_t points) const {
    const Layout layout = layout_of(type);
    if (layout.kind == Layout::Kind::plain) {
      return one.size() == 0 || std::memcmp(one.data(), two.data(), one.size()) == 0;
    }
    for (std::uint64_t i = 0; i < points; ++i) {
      const std::size_t at = i * layout.size;
      if (!same(one.data() + at, two.data() + at, layout)) return false;
    }
    return true;
  }

  bool same(const std::byte* one, const std::byte* two, const Layout& layout) const {
    switch (layout.kind) {
      case Layout::Kind::plain:
        return std::memcmp(one, two, layout.size) == 0;
      case Layout::Kind::text:
        return same_text(one, two);
      case Layout::Kind::reference:
        return same_reference(one, two, layout.size);
      case Layout::Kind::parts:
        return std::all_of(layout.inner.begin(), layout.inner.end(), [&](const Layout& part) {
          return same(one + part.offset, two + part.offset, part);
        });
      case Layout::Kind::sequence:
        return same_sequence(one, two, layout.inner.front());
    }
    return false;
  }

  /// A text that was never written is a null pointer, and reads as an empty one.
  static bool same_text(const std::byte* one, const std::byte* two) {
    const char* texts[2] = {};
    std::memcpy(&texts[0], one, sizeof texts[0]);
    std::memcpy(&texts[1], two, sizeof texts[1]);
    for (const char*& text : texts) text = text == nullptr ? "" : text;
    return std::strcmp(texts[0], texts[1]) == 0;
  }

  bool same_sequence(const std::byte* one, const std::byte* two, const Layout& inner) const {
    hvl_t sequences[2] = {};
    std::memcpy(&sequences[0], one, sizeof sequences[0]);
    std::memcpy(&sequences[1], two, sizeof sequences[1]);
    if (sequences[0].len != sequences[1].len) return false;
    for (std::size_t i = 0; i < sequences[0].len; ++i) {
      if (!same(static_cast<const std::byte*>(sequences[0].p) + i * inner.size,
                static_cast<const std::byte*>(sequences[1].p) + i * inner.size, inner)) {
        return false;
      }
    }
    return true;
  }

  bool same_reference(const std::byte* one, const std::byte* two, std::size_t size) const {
    if (size == sizeof(hobj_ref_t)) {
      hobj_ref_t addresses[2] = {};
      std::memcpy(&addresses[0], one, size);
      std::memcpy(&addresses[1], two, size);
      return same_object(addresses[0], addresses[1]);
    }
    if (size == sizeof(hdset_reg_ref_t)) return same_region(one, two);
    return same_general(one, two);
  }

  /// What no link leads to is gone. A copy makes null of references to that.
  bool same_object(std::uint64_t left, std::uint64_t right) const {
    const auto found = counterparts_.find(left);
    return found != counterparts_.end() ? found->second == right : !known_.contains(right);
  }

  /// Its address; 0 without one.
  std::uint64_t address(const Owned& object) const {
    H5O_info2_t info{};
    if (!object.ok() || calls_.H5Oget_info3(object.get(), &info, H5O_INFO_BASIC) < 0) return 0;
    std::uint64_t address = 0;
    for (std::size_t i = sizeof address; i-- > 0;) address = address << 8 | info.token.__data[i];
    return address;
  }

  static bool null(const std::byte* reference, std::size_t size) {
    return std::all_of(reference, reference + size,
                       [](std::byte each) { return each == std::byte{0}; });
  }

  bool same_region(const std::byte* one, const std::byte* two) const {
    const auto open = [&](hid_t file, const std::byte* reference) {
      const bool none = null(reference, sizeof(hdset_reg_ref_t));
      return none ? H5I_INVALID_HID
                  : calls_.H5Rdereference2(file, H5P_DEFAULT, H5R_DATASET_REGION, reference);
    };
    const Owned object(open(left_, one), calls_.H5Oclose);
    const Owned other(open(right_, two), calls_.H5Oclose);
    if (!same_object(address(object), address(other))) return false;
    if (!object.ok() || !other.ok()) return true;
    const Owned region(calls_.H5Rget_region(left_, H5R_DATASET_REGION, one), calls_.H5Sclose);
    const Owned area(calls_.H5Rget_region(right_, H5R_DATASET_REGION, two), calls_.H5Sclose);
    return same_selection(region, area);
  }

  // References of HDF5 1.12 and later: of any kind, in one form.
  bool same_general(const std::byte* one, const std::byte* two) const {
    const bool none = null(one, sizeof(H5R_ref_t));
    if (none || null(two, sizeof(H5R_ref_t))) return none == null(two, sizeof(H5R_ref_t));
    auto* const left = reinterpret_cast<H5R_ref_t*>(const_cast<std::byte*>(one));
    auto* const right = reinterpret_cast<H5R_ref_t*>(const_cast<std::byte*>(two));
    const H5R_type_t kind = calls_.H5Rget_type(left);
    if (kind != calls_.H5Rget_type(right)) return false;
    const Owned object(calls_.H5Ropen_object(left, no_file_.get(), H5P_DEFAULT), calls_.H5Oclose);
    const Owned other(calls_.H5Ropen_object(right, no_file_.get(), H5P_DEFAULT), calls_.H5Oclose);
    if (!object.ok() && !other.ok()) {
      // They lead into other files, or nowhere: the same is what says the same.
      return calls_.H5Requal(left, right) > 0;
    }
    if (!same_object(address(object), address(other))) return false;
    if (kind == H5R_ATTR) return attribute_name(left) == attribute_name(right);
    if (kind != H5R_DATASET_REGION2 || !object.ok() || !other.ok()) return true;
    const Owned region(calls_.H5Ropen_region(left, no_file_.get(), H5P_DEFAULT), calls_.H5Sclose);
    const Owned area(calls_.H5Ropen_region(right, no_file_.get(), H5P_DEFAULT), calls_.H5Sclose);
    return same_selection(region, area);
  }

  std::string attribute_name(H5R_ref_t* reference) const {
    const ssize_t length = calls_.H5Rget_attr_name(reference, nullptr, 0);
    if (length < 0) fail("H5Rget_attr_name");
    std::string name(static_cast<std::size_t>(length) + 1, '\0');
    calls_.H5Rget_attr_name(reference, name.data(), name.size());
    return name;
  }

  bool same_selection(const Owned& left, const Owned& right) const {
    if (!left.ok() || !right.ok()) fail("H5Rget_region");
    const H5S_sel_type kind = calls_.H5Sget_select_type(left.get());
    return kind == calls_.H5Sget_select_type(right.get()) &&
           calls_.H5Sextent_equal(left.get(), right.get()) > 0 &&
           selected(kind, left.get()) == selected(kind, right.get());
  }

  /// The points, or the corners of the blocks, in HDF5's order.
  Box selected(H5S_sel_type kind, hid_t space) const {
    const auto rank = static_cast<std::size_t>(calls_.H5Sget_simple_extent_ndims(space));
    Box numbers;
    herr_t got = 0;
    if (kind == H5S_SEL_POINTS) {
      const auto points = static_cast<hsize_t>(calls_.H5Sget_select_elem_npoints(space));
      numbers.resize(points * rank);
      got = calls_.H5Sget_select_elem_pointlist(space, 0, points, numbers.data());
    } else if (kind == H5S_SEL_HYPERSLABS) {
      const auto blocks = static_cast<hsize_t>(calls_.H5Sget_select_hyper_nblocks(space));
      numbers.resize(blocks * rank * 2);
      got = calls_.H5Sget_select_hyper_blocklist(space, 0, blocks, numbers.data());
    }
    if (got < 0) fail("H5Sget_select_hyper_blocklist");
    return numbers;
  }

  const Libhdf5 library_;
  const Owned no_file_;  // an access list
  const hid_t left_;
  const hid_t right_;
  Calls calls_;
  std::unordered_map<std::uint64_t, std::uint64_t> counterparts_;
  std::unordered_set<std::uint64_t> known_;  // objects of the right file
};

}  // namespace

void define_same_values(py::module_& module) {
  py::class_<SameValues>(module, "SameValues")
      .def(py::init<const std::string&, std::int64_t, std::int64_t>())
      .def("map", &SameValues::map)
      .def("elements", &SameValues::elements)
      .def("attributes", &SameValues::attributes)
      .def("link_value", &SameValues::link_value)
      .def("read_elements", &SameValues::read_elements)
      .def("read_attribute",
           py::overload_cast<std::int64_t>(&SameValues::read_attribute, py::const_));
}

}  // namespace arraymorph::python
