#include "hdf5/datatype.h"

#include <algorithm>

#include "hdf5/error.h"

namespace arraymorph::hdf5 {
namespace {

constexpr int kComplexClass = 11;  // H5T_COMPLEX, since HDF5 2.0

bool any_member(hid_t type, bool (*test)(hid_t)) {
  const int members = api().H5Tget_nmembers(type);
  for (int i = 0; i < members; ++i) {
    const Handle member(api().H5Tget_member_type(type, static_cast<unsigned>(i)));
    if (test(member.get())) return true;
  }
  return false;
}

bool not_fixed_size(hid_t type) { return !is_fixed_size(type); }

}  // namespace

bool is_fixed_size(hid_t type) {
  switch (static_cast<int>(api().H5Tget_class(type))) {
    case H5T_INTEGER:
    case H5T_FLOAT:
    case H5T_TIME:
    case H5T_BITFIELD:
    case H5T_OPAQUE:
    case H5T_ENUM:
    case kComplexClass:
      return true;
    case H5T_STRING:
      return api().H5Tis_variable_str(type) == 0;
    case H5T_COMPOUND:
      return !any_member(type, not_fixed_size);
    case H5T_ARRAY:
      return is_fixed_size(Handle(api().H5Tget_super(type)).get());
    default:
      return false;
  }
}

bool holds_compound(hid_t type) {
  const H5T_class_t kind = api().H5Tget_class(type);
  if (kind == H5T_COMPOUND) return true;
  return kind == H5T_ARRAY && holds_compound(Handle(api().H5Tget_super(type)).get());
}

bool equal_types(hid_t a, hid_t b) { return api().H5Tequal(a, b) > 0; }

Converter::Converter(hid_t from, hid_t to, hid_t transfer_list)
    : from_(from),
      to_(to),
      transfer_list_(transfer_list),
      from_size_(api().H5Tget_size(from)),
      to_size_(api().H5Tget_size(to)) {}

ByteSpan Converter::elements(std::size_t count) {
  const std::size_t bytes = count * std::max(from_size_, to_size_);
  if (elements_.size() < bytes) elements_ = Buffer(bytes);
  return elements_.span();
}

ByteSpan Converter::background(std::size_t count) {
  const std::size_t bytes = count * to_size_;
  if (background_.size() < bytes) background_ = Buffer(bytes);
  return background_.span();
}

Status Converter::convert(std::size_t count) {
  if (count == 0) return {};
  if (background_.size() < count * to_size_) {
    std::fill_n(background(count).data(), count * to_size_, std::byte{0});
  }
  if (api().H5Tconvert(from_, to_, count, elements_.data(), background_.data(), transfer_list_) >=
      0) {
    return {};
  }
  const std::string cause = innermost_error();
  return {Code::invalid_argument,
          "cannot convert between file and memory datatype" + (cause.empty() ? "" : ": " + cause)};
}

}  // namespace arraymorph::hdf5
