// Blocks: the bytes of one object that nobody changes, fetched as HDF5 asks for them and kept.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "arraymorph/object_store.h"
#include "chunk/link.h"
#include "chunk/places.h"
#include "vfd/image.h"
#include "vfd/rental.h"

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
/// of a file takes few requests, and reading one place of it few bytes. Long walks are read ahead,
/// and where readers have waited for long, the whole region is brought, see Rental. Thread-safe.
class Blocks : public std::enable_shared_from_this<Blocks> {
 public:
  struct Limits {
    std::uint64_t bytes = 0;  ///< to keep, in all objects together; the oldest of this one go first
    bool ahead = true;        ///< bring what nobody has asked for yet
  };

  /// `name` is for messages. Requests under way keep it alive, and nobody waits for them.
  static std::shared_ptr<Blocks> open(std::shared_ptr<ObjectStore> store, PlainObject object,
                                      std::string name, const Limits& limits);
  ~Blocks();
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

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

  /// Likewise, without copying where they were fetched together.
  chunk::KeptBytes look(std::uint64_t offset, std::uint64_t length);

  /// Brings what is missing of a range, by windows as read() does.
  Status bring(const ByteRange& range);

  /// Brings what is missing of `ranges` and no more, in requests that are under way together; near
  /// ones are joined. Failures are left to whoever reads the bytes.
  void prefetch(std::vector<ByteRange> ranges);

  /// Somebody who fetches what lies at `offsets` for himself, `bytes` altogether, waits for it
  /// once. `cost` of the requests.
  void waits(const std::vector<std::uint64_t>& offsets, std::uint64_t bytes,
             const chunk::LinkCost& cost);

  /// Nobody reads it any more: what has not been asked for is not brought.
  void stop();

  /// Called with the bytes of every read() that follows, after it; null: nobody is.
  using Watch = std::function<void(ConstByteSpan bytes)>;
  void watch(Watch watch) { watch_ = std::move(watch); }

  /// Windows of at least, and aligned to, `bytes`: the page size of a file with paged aggregation.
  void align(std::uint64_t bytes);

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Kept {
    std::shared_ptr<const Buffer> bytes;
    std::list<std::uint64_t>::iterator used;  ///< in order_
  };
  /// Requests of one caller.
  struct Batch {
    std::size_t coming = 0;
    Status status;  ///< the first failure
  };

  Blocks(std::shared_ptr<ObjectStore> store, PlainObject object, std::string name,
         const Limits& limits);
  Status fill(std::uint64_t offset, ByteSpan into);
  /// The extent that has the byte at `offset`, and all of it from there on; empty: not here.
  chunk::KeptBytes find(std::uint64_t offset);
  /// Copies as many of the bytes at `offset` as one extent has, and says how many; 0: not here.
  std::uint64_t take(std::uint64_t offset, ByteSpan into);
  /// One past the bytes around `offset` that are here or on their way; `offset` when it is not.
  std::uint64_t covered_until(std::uint64_t offset) const;
  bool is_coming(std::uint64_t offset) const;
  /// The first of such bytes after `offset`, at most `end`.
  std::uint64_t gap_end(std::uint64_t offset, std::uint64_t end) const;
  ByteRange window(std::uint64_t offset, std::uint64_t end);
  void start(const ByteRange& range, const std::shared_ptr<Batch>& batch, Lock& lock);
  void start_gaps(ByteRange range, const std::shared_ptr<Batch>& batch, Lock& lock);
  Status fetch_window(std::uint64_t offset, std::uint64_t end, Lock& lock);
  void wait(const Batch& batch, Lock& lock);
  void arrived(const ByteRange& range, Batch& batch, Result<GetReply> reply);
  void keep(std::uint64_t offset, Buffer bytes);
  bool fits() const;
  std::uint64_t missing() const { return size_ - std::min(kept_, size_); }
  void rent(const std::vector<std::uint64_t>& offsets, double seconds, const chunk::LinkCost& cost,
            Lock& lock);
  void buy(Lock& lock);
  void give_up_buying();

  const std::shared_ptr<ObjectStore> store_;
  const std::string key_;
  const std::string etag_;
  const std::string name_;
  const std::uint64_t size_;
  const Limits limits_;
  const std::optional<Superblock> superblock_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, Kept> extents_;          ///< by first byte; they never overlap
  std::map<std::uint64_t, std::uint64_t> coming_;  ///< first byte and end of what is under way
  std::list<std::uint64_t> order_;  ///< first bytes of extents, least recently used first
  std::uint64_t kept_ = 0;          ///< bytes
  std::uint64_t page_ = 4096;
  ByteRange last_;                   ///< the last window
  std::uint64_t step_ = kHeadBytes;  ///< its length, but for what was there already
  Watch watch_;                      ///< of the thread that reads
  chunk::Link link_;
  Rental rental_;
  std::deque<ByteRange> buying_;  ///< still to be asked for
  bool buys_;
};

}  // namespace arraymorph::vfd
