// ObjectStore: the contract of every store (memory, local directory, S3).
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arraymorph/buffer.h"
#include "arraymorph/status.h"

namespace arraymorph {

/// Bytes [offset, offset + length) of an object. length > 0.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct GetRequest {
  std::string key;
  /// Only these bytes; a range that starts past the end is Code::invalid_argument, one that
  /// reaches past it is cut at the end.
  std::optional<ByteRange> range;
  /// When not empty the body is received here instead of into a new Buffer; a body that is
  /// longer is Code::corrupt. Must stay valid until the callback has run.
  ByteSpan into;
  /// Where the caller knows an upper bound of the body: at least that many bytes are set aside for
  /// it at once. A longer body arrives all the same, up to largest_body(). 0: not known; a range is
  /// its own bound.
  std::uint64_t expected = 0;
};

/// The longest body that whoever asks can have use for: filters never make more of a chunk. Stores
/// refuse a longer one as Code::corrupt before they take memory for it.
inline std::uint64_t largest_body(const GetRequest& request) {
  if (request.expected == 0) return std::numeric_limits<std::uint64_t>::max();
  return 16 * request.expected + (std::uint64_t{1} << 20);
}

struct GetReply {
  Buffer body;                    ///< empty when `into` was used
  std::size_t received = 0;       ///< bytes of the body, wherever they went
  std::uint64_t object_size = 0;  ///< size of the whole object
  std::string etag;               ///< entity tag, quotes included as the server sent it
  /// CRC-32C of the whole object that was stored with it; stores of open_store() have verified a
  /// whole object against it already.
  std::optional<std::uint32_t> checksum{};
};

/// How the message of a conflict ends where if_match has met no object.
inline constexpr std::string_view kRemoved = " was removed by somebody else";

/// When a PUT may replace what is there (RFC 9110 conditional requests).
struct PutCondition {
  enum class Kind { always, if_absent, if_match } kind = Kind::always;
  std::string etag;  ///< for if_match
};

struct PutRequest {
  std::string key;
  /// Shared so that the caller may keep reading it while the request is in flight; nobody may
  /// change it before the callback runs, and the store has no use for it afterwards.
  std::shared_ptr<const Buffer> body;
  PutCondition condition;
  /// Survive a power cut before the callback runs (local store: fsync). S3 always does.
  bool durable = false;
  /// CRC-32C of `body`, kept with the object where the store can (S3, memory; a directory where its
  /// file system has extended attributes), also by copy().
  std::optional<std::uint32_t> checksum{};
};

struct PutReply {
  std::string etag;
};

struct ObjectInfo {
  std::string key;
  std::uint64_t size = 0;
  std::string etag;
  std::int64_t modified = 0;  ///< seconds since 1970, by the store's own clock; 0: not told
};

struct ListReply {
  std::vector<ObjectInfo> objects;  ///< ascending by key (bytes)
  std::string next;  ///< pass as ListRequest::after for the next page; empty at the end
  /// Of a delimited list: the folders, each with the prefix in front and a '/' at the end,
  /// ascending. A directory without objects may be among them.
  std::vector<std::string> prefixes{};
};

struct ListRequest {
  std::string prefix;        ///< keys that start with this
  std::string after;         ///< keys greater than this
  std::size_t limit = 1000;  ///< at most this many (a store may return fewer per page, S3: 1000)
  /// Keys with a further '/' behind the prefix are not listed but the folder they lie in, once, in
  /// ListReply::prefixes. `after` is then what the page before gave as `next`, and nothing else.
  bool delimited = false;
};

template <class T>
using Done = std::function<void(Result<T>)>;
using DoneStatus = std::function<void(Status)>;

struct UploadRequest {
  std::string key;
  std::uint64_t size = 0;  ///< bytes of the whole object
  /// Bytes of every part but the last; 0: the store's choice (see choose_part_size). A store may
  /// refuse sizes that its server does not take (invalid_argument).
  std::uint64_t part_size = 0;
  /// Upload::id() of an unfinished upload of the same key, size and part size that is to go on;
  /// empty: a new one. not_found where nothing is left of it.
  std::string resume;
  bool durable = false;  ///< see PutRequest::durable
};

/// An object that is put in parts, in any order and many at a time, and appears when it is
/// finished. Destroyed before that, it stays unfinished and can be resumed by its id, also from
/// another process. Thread-safe; callbacks as those of ObjectStore.
class Upload {
 public:
  virtual ~Upload() = default;

  /// Empty where there is nothing to resume: a single part, which finish() sends.
  virtual const std::string& id() const = 0;
  virtual std::uint64_t part_size() const = 0;
  /// By number: part i are the bytes from i * part_size() on. At least one, which may be empty.
  virtual std::size_t part_count() const = 0;
  /// Part `number` was complete when the upload was resumed.
  virtual bool has(std::size_t number) const = 0;

  /// `body`: all bytes of the part (else invalid_argument).
  virtual void put_part(std::size_t number, std::shared_ptr<const Buffer> body,
                        DoneStatus done) = 0;

  /// A part can also be put by put_piece() and end_part(). Only where it goes to a file: elsewhere
  /// both are invalid_argument.
  virtual bool takes_pieces() const { return false; }
  /// Bytes of part `number` from `offset` in it on, in any order and many at a time. Blocks until
  /// they are written: not for a thread that drives the network.
  virtual Status put_piece(std::size_t number, std::uint64_t offset, ConstByteSpan bytes);
  /// After all pieces of the part; what none of them covered is zero. Who goes on with an upload
  /// puts the same pieces as before. `checksum`: CRC-32C of the whole part, zeros included. Blocks.
  virtual Status end_part(std::size_t number, std::uint32_t checksum);

  /// After all parts have been put. Fails like ObjectStore::put, and can be called again then.
  virtual void finish(PutCondition condition, Done<PutReply> done) = 0;
  /// Removes what is there; nothing else may be called any more.
  virtual void abort(DoneStatus done) = 0;
};

/// What S3 allows: at most 10,000 parts of 5 MiB or more. Never less than 16 MiB.
constexpr std::uint64_t choose_part_size(std::uint64_t size) {
  constexpr std::uint64_t kMib = std::uint64_t{1} << 20;
  constexpr std::uint64_t kMostParts = 10000;
  const std::uint64_t least = (size / kMostParts / kMib + 1) * kMib;
  return least > 16 * kMib ? least : 16 * kMib;
}

/// Objects under one bucket or directory. Keys are relative, '/'-separated, never empty, never
/// with a '.' or '..' segment (Code::invalid_argument).
///
/// Every verb returns at once and calls its callback exactly once, from any thread (maybe before
/// it returns). Callbacks are short and never throw. Retries of transient failures happen
/// inside the store. Thread-safe. Errors: not_found (missing key in get, head, copy), conflict
/// (a failed PutCondition::if_match), already_exists (a failed if_absent), permission_denied,
/// out_of_space, unavailable, corrupt (an answer that is not what was asked for); messages name the
/// key and the server's own words. A conditional put that fails as unavailable may have been
/// carried out all the same: its message says so.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  virtual void get(GetRequest request, Done<GetReply> done) = 0;
  virtual void put(PutRequest request, Done<PutReply> done) = 0;
  virtual void head(std::string key, Done<ObjectInfo> done) = 0;
  /// Removing what does not exist is not an error.
  virtual void remove(std::vector<std::string> keys, DoneStatus done) = 0;
  virtual void list(ListRequest request, Done<ListReply> done) = 0;
  /// Server-side copy inside this store.
  virtual void copy(std::string from, std::string to, DoneStatus done) = 0;
  /// Begins an upload in parts. Stores that cannot be written to have none.
  virtual void upload(UploadRequest request, Done<std::shared_ptr<Upload>> done);

  /// URL of the root ("s3://bucket", "file:///dir", "memory://name"), for messages.
  virtual const std::string& url() const = 0;

  /// Server and container, the same for everybody who uses them and without credentials:
  /// "http://host:port bucket". What has been found out about a server is kept under this name.
  virtual std::string identity() const { return url(); }

  /// True where a PutCondition holds by construction or by the server's documentation; false where
  /// only trying tells (see store/conditions.h).
  virtual bool keeps_conditions() const { return false; }

  /// The same store without the process's counters, for requests that no caller asked for.
  virtual ObjectStore& uncounted() { return *this; }
};

/// What the answer to a GET of `range`, which lies inside the object, is worth to whoever knew the
/// object by the entity tag `etag`. conflict: it was replaced or removed since; corrupt: not as
/// many bytes came; or the store's own failure. `name` is for messages.
Status check_answer(const std::string& name, const std::string& etag, const ByteRange& range,
                    const Result<GetReply>& reply);

/// Blocking forms, for callers with nothing else to do.
Result<GetReply> get(ObjectStore& store, GetRequest request);
Result<PutReply> put(ObjectStore& store, PutRequest request);
Result<ObjectInfo> head(ObjectStore& store, std::string key);
Status remove(ObjectStore& store, std::vector<std::string> keys);
/// One page.
Result<ListReply> list(ObjectStore& store, ListRequest request);
/// The objects and folders right below `prefix`, which is empty or ends in '/': a delimited list,
/// all pages.
Result<ListReply> list_folder(ObjectStore& store, std::string prefix);
/// Every object under `prefix`, all pages.
Result<std::vector<ObjectInfo>> list_all(ObjectStore& store, std::string prefix);
Status copy(ObjectStore& store, std::string from, std::string to);
Result<std::shared_ptr<Upload>> upload(ObjectStore& store, UploadRequest request);
Result<PutReply> finish(Upload& upload, PutCondition condition);
Status abort(Upload& upload);

}  // namespace arraymorph
