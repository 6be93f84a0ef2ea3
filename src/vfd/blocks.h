// Blocks: the bytes of one object that nobody changes, fetched as HDF5 asks for them and kept.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "arraymorph/object_store.h"
#include "vfd/image.h"

namespace arraymorph::vfd {

/// An object as it was found: whatever is read of it later has to be of the same entity tag.
struct PlainObject {
  std::string key;
  std::uint64_t size = 0;  ///< bytes
  std::string etag;
  Buffer head;  ///< its first bytes, as many as came with the question
};

/// The first request for an object asks for as many bytes: metadata mostly lies in front.
inline constexpr std::uint64_t kHeadBytes = std::uint64_t{1} << 20;

/// Reads go to memory or to the store by windows. A window is small where reads jump about in a
/// large object, and grows as long as they stay in one region, so that walking through the metadata
/// of a file takes few requests, and reading one place of it few bytes. Thread-safe.
class Blocks {
 public:
  /// `budget`: bytes to keep; what was used longest ago goes first. `name` is for messages.
  Blocks(std::shared_ptr<ObjectStore> store, PlainObject object, std::string name,
         std::uint64_t budget);

  std::uint64_t length() const noexcept { return size_; }
  const std::string& key() const noexcept { return key_; }
  const std::string& etag() const noexcept { return etag_; }
  /// Nothing: not an HDF5 file, or one whose user block is larger than what was read first.
  const std::optional<Superblock>& superblock() const noexcept { return superblock_; }

  /// Bytes [offset, offset + into.size()); zeros past the end. conflict: the object is another by
  /// now; otherwise the store's errors, with `name`.
  Status read(std::uint64_t offset, ByteSpan into);

  /// The same without asking the store: false when not all of it is here.
  bool peek(std::uint64_t offset, ByteSpan into);

  /// Brings what is missing of `ranges`, in requests that are under way together; near ones are
  /// joined. Failures are left to whoever reads the bytes.
  void prefetch(std::vector<ByteRange> ranges);

  /// Called with the bytes of every read() that follows, after it; null: nobody is.
  using Watch = std::function<void(ConstByteSpan bytes)>;
  void watch(Watch watch) { watch_ = std::move(watch); }

  /// Windows of at least, and aligned to, `bytes`: the page size of a file with paged aggregation.
  void align(std::uint64_t bytes);

 private:
  struct Kept {
    std::shared_ptr<const Buffer> bytes;
    std::list<std::uint64_t>::iterator used;  ///< in order_
  };
  using Extents = std::map<std::uint64_t, Kept>;  // by first byte; they never overlap

  Status fill(std::uint64_t offset, ByteSpan into);
  const Buffer* find(std::uint64_t offset, std::uint64_t& start);
  /// The part of [offset, end) up to what is kept already.
  std::uint64_t gap_end(std::uint64_t offset, std::uint64_t end) const;
  ByteRange window(std::uint64_t offset, std::uint64_t end);
  void keep(std::uint64_t offset, Buffer bytes);
  GetRequest request(const ByteRange& range) const;

  const std::shared_ptr<ObjectStore> store_;
  const std::string key_;
  const std::string etag_;
  const std::string name_;
  const std::uint64_t size_;
  const std::uint64_t budget_;
  const std::optional<Superblock> superblock_;

  std::mutex mutex_;
  Extents extents_;
  std::list<std::uint64_t> order_;  ///< first bytes of extents, least recently used first
  std::uint64_t kept_ = 0;          ///< bytes
  std::uint64_t page_ = 4096;
  ByteRange last_;                   ///< the last window
  std::uint64_t step_ = kHeadBytes;  ///< its length, but for what was there already
  Watch watch_;                      ///< of the thread that reads
};

}  // namespace arraymorph::vfd
