#include "store/local/local_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "runtime/thread_pool.h"
#include "store/key.h"
#include "store/local/draft.h"
#include "store/local/files.h"
#include "store/local/list.h"
#include "store/local/upload.h"

namespace arraymorph::store {
namespace {

using local::DirectoryLock;
using local::Draft;
using local::errno_status;
using local::File;
using local::Missing;
using local::Place;
using local::read_all;
using local::stamp;
using local::write_all;

// Enough to keep a disk's queue busy; the work of a thread is mostly waiting.
constexpr unsigned kThreads = 8;
constexpr int kAttempts = 100;

ThreadPool& pool() {
  static ThreadPool* const instance = new ThreadPool(kThreads);
  return *instance;
}

Status check_local_key(const std::string& key) {
  ARRAYMORPH_TRY(check_key(key));
  if (key.starts_with(local::kTemporaryPrefix) ||
      key.find("/" + std::string(local::kTemporaryPrefix)) != std::string::npos) {
    return Status(Code::invalid_argument, "key '" + key + "' has the name of a temporary file");
  }
  return Status();
}

// A sparse file may claim any size.
Result<Buffer> allocate(std::uint64_t length, const std::string& path) {
  try {
    return Buffer(length);
  } catch (const std::bad_alloc&) {
    return Status(Code::internal,
                  "out of memory for the " + std::to_string(length) + " bytes of " + path);
  }
}

class LocalStore final : public ObjectStore, public std::enable_shared_from_this<LocalStore> {
 public:
  explicit LocalStore(std::string root)
      : root_(std::move(root)), url_("file://" + (root_ == "/" ? "" : root_)) {}

  void get(GetRequest request, Done<GetReply> done) override {
    run([this, request = std::move(request), done = std::move(done)] { done(read(request)); });
  }

  void put(PutRequest request, Done<PutReply> done) override {
    run([this, request = std::move(request), done = std::move(done)] { done(write(request)); });
  }

  void head(std::string key, Done<ObjectInfo> done) override { done(inspect(key)); }

  void remove(std::vector<std::string> keys, DoneStatus done) override {
    run([this, keys = std::move(keys), done = std::move(done)] {
      Status status;
      for (const std::string& key : keys) {
        if (Status removed = remove_one(key); !removed.ok()) status = std::move(removed);
      }
      done(std::move(status));
    });
  }

  void list(ListRequest request, Done<ListReply> done) override {
    run([this, request = std::move(request), done = std::move(done)] {
      done(local::list_directory(root_, request));
    });
  }

  void copy(std::string from, std::string to, DoneStatus done) override {
    run([this, from = std::move(from), to = std::move(to), done = std::move(done)] {
      done(copy_one(from, to));
    });
  }

  void upload(UploadRequest request, Done<std::shared_ptr<Upload>> done) override {
    if (request.part_size == 0) request.part_size = choose_part_size(request.size);
    run([this, request = std::move(request), done = std::move(done)] { done(begin(request)); });
  }

  const std::string& url() const override { return url_; }
  bool keeps_conditions() const override { return true; }

 private:
  template <class Task>
  void run(Task task) {
    pool().submit([self = shared_from_this(), task = std::move(task)] { task(); });
  }

  struct Opened {
    File file;
    struct stat info{};
    std::string path;
  };

  Result<Opened> open(const std::string& key) const {
    ARRAYMORPH_TRY(check_local_key(key));
    ARRAYMORPH_ASSIGN(const Place place, local::open_parent(root_, key, Missing::fail));
    ARRAYMORPH_ASSIGN(File file, local::open_object(root_, place));
    Opened opened{std::move(file), {}, place.path};
    if (::fstat(opened.file.fd(), &opened.info) != 0) {
      return errno_status(errno, "read", opened.path);
    }
    if (S_ISDIR(opened.info.st_mode)) {
      return Status(Code::not_found, opened.path + " is a directory, not an object");
    }
    if (!S_ISREG(opened.info.st_mode)) {
      return Status(Code::corrupt, opened.path + " is not a regular file");
    }
    return opened;
  }

  Result<ObjectInfo> inspect(const std::string& key) const {
    ARRAYMORPH_ASSIGN(const Opened opened, open(key));
    return ObjectInfo{key, static_cast<std::uint64_t>(opened.info.st_size),
                      local::entity_tag(opened.info), opened.info.st_mtime};
  }

  Result<GetReply> read(const GetRequest& request) const {
    ARRAYMORPH_ASSIGN(const Opened opened, open(request.key));
    const auto size = static_cast<std::uint64_t>(opened.info.st_size);
    std::uint64_t offset = 0;
    std::uint64_t length = size;
    if (request.range) {
      offset = request.range->offset;
      if (request.range->length == 0 || offset >= size) {
        return Status(Code::invalid_argument, opened.path + ": range past the end");
      }
      length = std::min(size - offset, request.range->length);
    }
    GetReply reply{
        {}, length, size, local::entity_tag(opened.info), local::read_checksum(opened.file)};
    ByteSpan bytes = request.into;
    if (bytes.empty()) {
      if (length > largest_body(request)) {
        return Status(Code::corrupt, opened.path + " is far longer than expected: " +
                                         std::to_string(length) + " bytes");
      }
      ARRAYMORPH_ASSIGN(reply.body, allocate(length, opened.path));
      bytes = reply.body.span();
    } else if (bytes.size() < length) {
      return Status(Code::corrupt, opened.path + ": body is longer than expected");
    }
    ARRAYMORPH_TRY(read_all(opened.file.fd(), bytes.first(length), offset, opened.path));
    return reply;
  }

  Result<PutReply> write(const PutRequest& request) const {
    ARRAYMORPH_TRY(check_local_key(request.key));
    for (int attempt = 1;; ++attempt) {
      ARRAYMORPH_ASSIGN(const Place place, local::open_parent(root_, request.key, Missing::create));
      Result<PutReply> reply = write_at(place, request);
      // The directory was pruned under our feet, before our file was in it.
      const bool again = !reply.ok() && reply.status().code() == Code::not_found;
      if (!again || attempt == kAttempts) return reply;
    }
  }

  Result<PutReply> write_at(const Place& place, const PutRequest& request) const {
    ARRAYMORPH_ASSIGN(Draft draft, Draft::make(place));
    ARRAYMORPH_TRY(write_all(draft.fd(), request.body->span(), place.path));
    if (request.checksum) local::keep_checksum(draft.fd(), *request.checksum);
    stamp(draft.fd());
    if (request.durable && ::fsync(draft.fd()) != 0) return errno_status(errno, "sync", place.path);
    struct stat info{};
    if (::fstat(draft.fd(), &info) != 0) return errno_status(errno, "write", place.path);
    ARRAYMORPH_TRY(move_into_place(draft, place, request.key, request.condition));
    if (request.durable && ::fsync(place.parent.fd()) != 0) {
      return errno_status(errno, "sync the directory of", place.path);
    }
    return PutReply{local::entity_tag(info)};
  }

  Status move_into_place(Draft& draft, const Place& place, const std::string& key,
                         const PutCondition& condition) const {
    if (condition.kind == PutCondition::Kind::if_absent) return draft.create(place);
    const DirectoryLock lock(place);
    if (condition.kind == PutCondition::Kind::if_match) {
      const Result<ObjectInfo> now = inspect(key);
      if (!now.ok() && now.status().code() != Code::not_found) return now.status();
      if (!now.ok() || now->etag != condition.etag) {
        return Status(Code::conflict, place.path + " was changed by somebody else");
      }
    }
    return draft.replace(place);
  }

  Result<std::shared_ptr<Upload>> begin(const UploadRequest& request) {
    ARRAYMORPH_TRY(check_local_key(request.key));
    local::UploadHost host;
    host.root = root_;
    host.run = [self = shared_from_this()](std::function<void()> task) {
      self->run(std::move(task));
    };
    host.settle = [self = shared_from_this()](Draft& draft, const Place& place,
                                              const std::string& key,
                                              const PutCondition& condition) {
      return self->move_into_place(draft, place, key, condition);
    };
    return local::begin_upload(std::move(host), request);
  }

  Status remove_one(const std::string& key) const {
    ARRAYMORPH_TRY(check_local_key(key));
    const Result<Place> place = local::open_parent(root_, key, Missing::fail);
    if (!place.ok()) {
      return place.status().code() == Code::not_found ? Status() : place.status();
    }
    {
      const DirectoryLock lock(*place);
      if (::unlinkat(place->parent.fd(), place->name.c_str(), 0) != 0) {
        const int error = errno;
        // A directory is not an object (macOS says EPERM).
        struct stat info{};
        const bool directory =
            ::fstatat(place->parent.fd(), place->name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISDIR(info.st_mode);
        if (error != ENOENT && !directory) return errno_status(error, "remove", place->path);
      }
    }
    local::prune(root_, key);
    return Status();
  }

  Status copy_one(const std::string& from, const std::string& to) const {
    ARRAYMORPH_ASSIGN(GetReply source, read({from, {}, {}}));
    auto body = std::make_shared<const Buffer>(std::move(source.body));
    PutRequest request{to, std::move(body), {}};
    request.checksum = source.checksum;
    return write(request).status();
  }

  const std::string root_;
  const std::string url_;
};

}  // namespace

std::shared_ptr<ObjectStore> make_local_store(const std::string& root) {
  return std::make_shared<LocalStore>(root);
}

}  // namespace arraymorph::store
