// A file that is being written under a temporary name and becomes an object as a whole.
#pragma once

#include <string>

#include "arraymorph/object_store.h"
#include "store/local/files.h"

namespace arraymorph::store::local {

/// Holds writers of one directory apart, those of other processes too.
class DirectoryLock {
 public:
  explicit DirectoryLock(const Place& place);

 private:
  File file_;
};

/// A file beside its final place; removed unless it was moved there or is to be kept.
class Draft {
 public:
  /// Under a fresh name. `place` must outlive the draft.
  static Result<Draft> make(const Place& place);
  /// Under this name, which must be free, or lead to a draft that exists already.
  static Result<Draft> make(const Place& place, std::string name);
  static Result<Draft> open(const Place& place, std::string name);

  Draft(Draft&& other) noexcept;
  ~Draft();

  int fd() const { return file_.fd(); }
  const std::string& name() const { return name_; }
  /// From now on it stays where it is when the object is destroyed.
  void keep() { keep_ = true; }
  void remove();

  Status replace(const Place& place);
  /// Atomic: already_exists where the name is taken.
  Status create(const Place& place);

 private:
  Draft() = default;
  int directory_ = -1;  // borrowed from the Place
  bool keep_ = false;
  std::string name_;
  File file_;
};

/// Gives the file a modification time that no other has: another entity tag for every object, even
/// where the inode and the clock tick repeat.
void stamp(int fd);

Status write_all(int fd, ConstByteSpan bytes, const std::string& path);
Status write_at(int fd, ConstByteSpan bytes, std::uint64_t offset, const std::string& path);
/// corrupt when the file ends before.
Status read_all(int fd, ByteSpan bytes, std::uint64_t offset, const std::string& path);

}  // namespace arraymorph::store::local
