// Storage prefixes: where the chunk objects of a dataset go, given once and never reused unsafely.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace arraymorph::vol {

/// The prefixes in use in one file. No prefix lies inside another, so that chunk keys of two
/// datasets can never be each other's folders.
class PrefixSet {
 public:
  /// Every prefix claimed from now on ends in "~<tag>": for files where objects of an unknown past
  /// may lie under plain names.
  void tag_new(std::string tag) { tag_ = std::move(tag); }
  void add(const std::string& prefix) { taken_.insert(prefix); }
  /// The same for one that somebody else wrote down: false, and nothing done, when it is in use, or
  /// lies inside another or another inside it.
  bool try_add(const std::string& prefix);

  /// A free prefix made from the dataset's path ("/a/b" -> "a/b", then "a/b~2", ...).
  std::string claim(std::string_view path);

 private:
  /// A folder above `prefix` is itself a prefix.
  bool lies_inside(const std::string& prefix) const;
  bool free(const std::string& prefix) const;

  std::set<std::string> taken_;
  std::string tag_;
};

/// Dataset path as a relative object key: percent-encodes what a store, a file system or a URL
/// could misread, and shortens segments over 200 bytes.
std::string key_from_path(std::string_view path);

/// `prefix` is one that claim() may give: nothing in it leaves the file's own folder, means
/// anything to a file system, or lies in our own ".arraymorph".
bool is_prefix(std::string_view prefix);

/// Eight hexadecimal digits that differ between sessions.
std::string random_tag();

/// Not 0, never given twice.
std::uint64_t random_id();

}  // namespace arraymorph::vol
