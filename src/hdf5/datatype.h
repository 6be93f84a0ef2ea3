// Datatypes: what can live in chunk objects, and conversion between file and memory types.
#pragma once

#include "arraymorph/buffer.h"
#include "hdf5/handle.h"

namespace arraymorph::hdf5 {

/// Every element is a fixed number of bytes with no pointer in it: no variable-length or
/// reference type at any depth, no class this code does not know.
bool is_fixed_size(hid_t type);

/// A compound type at any depth: conversion into it may keep parts of the old element.
bool holds_compound(hid_t type);

bool equal_types(hid_t a, hid_t b);

/// Converts elements in blocks of one reusable buffer (H5Tconvert).
class Converter {
 public:
  Converter(hid_t from, hid_t to, hid_t transfer_list);

  std::size_t from_size() const { return from_size_; }
  std::size_t to_size() const { return to_size_; }

  /// Room for `count` elements of either type; put the source elements here, packed.
  ByteSpan elements(std::size_t count);
  /// Room for `count` old destination elements (for compound subsets), packed.
  ByteSpan background(std::size_t count);
  /// Converts the first `count` elements in place. invalid_argument with HDF5's own words.
  Status convert(std::size_t count);

 private:
  hid_t from_, to_, transfer_list_;
  std::size_t from_size_, to_size_;
  Buffer elements_, background_;
};

}  // namespace arraymorph::hdf5
