#include "store/memory/memory_store.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "store/key.h"
#include "store/parts.h"

namespace arraymorph::store {
namespace {

struct Object {
  std::shared_ptr<const Buffer> body;
  std::string etag;
  std::optional<std::uint32_t> checksum;
  std::int64_t modified = 0;
};

class MemoryStore;

/// The parts of an unfinished upload, which the store keeps by their id.
struct Parts {
  std::string key;
  std::uint64_t size = 0;
  std::uint64_t part_size = 0;
  std::mutex mutex;
  std::map<std::size_t, std::shared_ptr<const Buffer>> bodies;
};

class MemoryUpload final : public Upload {
 public:
  MemoryUpload(MemoryStore& store, std::string id, std::shared_ptr<Parts> parts)
      : store_(store), id_(std::move(id)), parts_(std::move(parts)) {
    for (const auto& [number, body] : parts_->bodies) present_.insert(number);
  }

  const std::string& id() const override { return id_; }
  std::uint64_t part_size() const override { return parts_->part_size; }
  std::size_t part_count() const override { return count_parts(parts_->size, part_size()); }
  bool has(std::size_t number) const override { return present_.contains(number); }

  void put_part(std::size_t number, std::shared_ptr<const Buffer> body, DoneStatus done) override {
    Status checked = check_part(number, body->size(), parts_->size, part_size());
    if (checked.ok()) {
      auto copy = std::make_shared<const Buffer>(Buffer::copy_of(body->span()));
      const std::lock_guard lock(parts_->mutex);
      parts_->bodies[number] = std::move(copy);
    }
    done(std::move(checked));
  }
  void finish(PutCondition condition, Done<PutReply> done) override;
  void abort(DoneStatus done) override;

 private:
  MemoryStore& store_;
  const std::string id_;
  const std::shared_ptr<Parts> parts_;
  std::set<std::size_t> present_;
};

class MemoryStore final : public ObjectStore {
 public:
  explicit MemoryStore(const std::string& name) : url_("memory://" + name) {}

  void get(GetRequest request, Done<GetReply> done) override { done(read(request)); }
  void put(PutRequest request, Done<PutReply> done) override { done(write(request)); }

  void head(std::string key, Done<ObjectInfo> done) override {
    Result<Object> object = find(key);
    if (!object.ok()) return done(object.status());
    done(ObjectInfo{key, object->body->size(), object->etag, object->modified});
  }

  void remove(std::vector<std::string> keys, DoneStatus done) override {
    Status status;
    for (const std::string& key : keys) {
      if (Status checked = check_key(key); !checked.ok()) status = std::move(checked);
      const std::lock_guard lock(mutex_);
      objects_.erase(key);
    }
    done(std::move(status));
  }

  void list(ListRequest request, Done<ListReply> done) override { done(page_of(request)); }

  void copy(std::string from, std::string to, DoneStatus done) override {
    Result<Object> object = find(from);
    if (!object.ok()) return done(object.status());
    PutRequest request{std::move(to), object->body, {}};
    request.checksum = object->checksum;
    done(write(request).status());
  }

  void upload(UploadRequest request, Done<std::shared_ptr<Upload>> done) override {
    if (Status checked = check_key(request.key); !checked.ok()) return done(std::move(checked));
    if (request.part_size == 0) request.part_size = choose_part_size(request.size);
    std::string id = request.resume;
    std::shared_ptr<Parts> parts;
    {
      const std::lock_guard lock(mutex_);
      if (id.empty()) {
        id = "upload-" + std::to_string(++version_);
        parts = std::make_shared<Parts>();
        parts->key = request.key;
        parts->size = request.size;
        parts->part_size = request.part_size;
        uploads_[id] = parts;
      } else if (const auto found = uploads_.find(id); found != uploads_.end()) {
        parts = found->second;
      }
    }
    const bool same = parts && parts->key == request.key && parts->size == request.size &&
                      parts->part_size == request.part_size;
    if (!same) {
      return done(Status(Code::not_found,
                         url_ + "/" + request.key + ": there is no unfinished upload " + id));
    }
    done(std::shared_ptr<Upload>(
        std::make_shared<MemoryUpload>(*this, std::move(id), std::move(parts))));
  }

  void forget_upload(const std::string& id) {
    const std::lock_guard lock(mutex_);
    uploads_.erase(id);
  }

  const std::string& url() const override { return url_; }
  bool keeps_conditions() const override { return true; }

 private:
  ListReply page_of(const ListRequest& request) {
    ListReply reply;
    std::string last;
    const std::lock_guard lock(mutex_);
    auto it = request.after < request.prefix ? objects_.lower_bound(request.prefix)
                                             : objects_.upper_bound(request.after);
    for (; it != objects_.end() && it->first.starts_with(request.prefix); ++it) {
      const auto& [key, object] = *it;
      const std::size_t slash =
          request.delimited ? key.find('/', request.prefix.size()) : std::string::npos;
      const std::string name = key.substr(0, slash == std::string::npos ? slash : slash + 1);
      // The same folder again, or that at which the page before has ended.
      if (slash != std::string::npos && (name == last || name == request.after)) continue;
      if (reply.objects.size() + reply.prefixes.size() == request.limit) {
        reply.next = last;
        break;
      }
      if (slash != std::string::npos) {
        reply.prefixes.push_back(name);
      } else {
        reply.objects.push_back({key, object.body->size(), object.etag, object.modified});
      }
      last = name;
    }
    return reply;
  }

  Result<Object> find(const std::string& key) {
    ARRAYMORPH_TRY(check_key(key));
    const std::lock_guard lock(mutex_);
    const auto it = objects_.find(key);
    if (it == objects_.end()) {
      return Status(Code::not_found, url_ + "/" + key + " does not exist");
    }
    return it->second;
  }

  Result<GetReply> read(const GetRequest& request) {
    ARRAYMORPH_ASSIGN(const Object object, find(request.key));
    ConstByteSpan bytes = object.body->span();
    GetReply reply{{}, 0, bytes.size(), object.etag, object.checksum};
    if (request.range) {
      if (request.range->length == 0 || request.range->offset >= bytes.size()) {
        return Status(Code::invalid_argument, url_ + "/" + request.key + ": range past the end");
      }
      bytes = bytes.subspan(request.range->offset);
      bytes = bytes.first(std::min<std::uint64_t>(bytes.size(), request.range->length));
    }
    reply.received = bytes.size();
    if (request.into.empty()) {
      reply.body = Buffer::copy_of(bytes);
    } else if (request.into.size() < bytes.size()) {
      return Status(Code::corrupt, url_ + "/" + request.key + ": body is longer than expected");
    } else if (!bytes.empty()) {
      std::memcpy(request.into.data(), bytes.data(), bytes.size());
    }
    return reply;
  }

  Result<PutReply> write(const PutRequest& request) {
    ARRAYMORPH_TRY(check_key(request.key));
    const std::string name = url_ + "/" + request.key;
    const std::lock_guard lock(mutex_);
    const auto it = objects_.find(request.key);
    const PutCondition& condition = request.condition;
    if (condition.kind == PutCondition::Kind::if_absent && it != objects_.end()) {
      return Status(Code::already_exists, name + " exists");
    }
    if (condition.kind == PutCondition::Kind::if_match &&
        (it == objects_.end() || it->second.etag != condition.etag)) {
      return Status(Code::conflict, name + " was changed by somebody else");
    }
    // A copy: the caller may change its own once it has been answered.
    Object object{std::make_shared<const Buffer>(Buffer::copy_of(request.body->span())),
                  "\"" + std::to_string(++version_) + "\"", request.checksum, std::time(nullptr)};
    PutReply reply{object.etag};
    objects_.insert_or_assign(request.key, std::move(object));
    return reply;
  }

  const std::string url_;
  std::mutex mutex_;
  std::map<std::string, Object> objects_;
  std::map<std::string, std::shared_ptr<Parts>> uploads_;
  std::uint64_t version_ = 0;
};

void MemoryUpload::finish(PutCondition condition, Done<PutReply> done) {
  Buffer whole(parts_->size);
  {
    const std::lock_guard lock(parts_->mutex);
    if (parts_->bodies.size() != part_count()) {
      return done(Status(Code::invalid_argument,
                         store_.url() + "/" + parts_->key + ": not all parts have been put"));
    }
    for (const auto& [number, body] : parts_->bodies) {
      if (body->empty()) continue;
      std::memcpy(whole.data() + number * part_size(), body->data(), body->size());
    }
  }
  auto body = std::make_shared<const Buffer>(std::move(whole));
  store_.put({parts_->key, std::move(body), std::move(condition)},
             [this, done = std::move(done)](Result<PutReply> reply) {
               if (reply.ok()) store_.forget_upload(id_);
               done(std::move(reply));
             });
}

void MemoryUpload::abort(DoneStatus done) {
  store_.forget_upload(id_);
  done(Status());
}

}  // namespace

std::shared_ptr<ObjectStore> make_memory_store(const std::string& name) {
  return std::make_shared<MemoryStore>(name);
}

}  // namespace arraymorph::store
