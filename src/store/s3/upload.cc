// Uploads in parts: CreateMultipartUpload, UploadPart, CompleteMultipartUpload; ListParts for one
// that goes on. What fits into one part is a plain PUT. Parts carry no x-amz-checksum: who completes
// an upload has to name those of all parts, and not every server lists them for one that goes on.
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <utility>

#include "runtime/checksum.h"
#include "store/parts.h"
#include "store/s3/upload_answer.h"
#include "store/s3/verbs.h"

namespace arraymorph::store::s3 {
namespace {

constexpr std::size_t kMaxAnswer = 4 << 20;
constexpr std::size_t kMaxParts = 10000;  // S3's own limit

std::string_view text_of(const Answer& answer) {
  return {reinterpret_cast<const char*>(answer.body.data()), answer.received};
}

std::shared_ptr<Request> ask(const char* method, const char* operation, const std::string& key,
                             std::string query) {
  auto asked = std::make_shared<Request>();
  asked->method = method;
  asked->operation = operation;
  asked->key = key;
  asked->query = std::move(query);
  asked->most = kMaxAnswer;
  return asked;
}

// One part, sent by finish().
class SingleUpload final : public Upload {
 public:
  SingleUpload(std::shared_ptr<Client> client, UploadRequest request)
      : client_(std::move(client)), request_(std::move(request)) {}

  const std::string& id() const override { return request_.resume; }
  std::uint64_t part_size() const override { return request_.part_size; }
  std::size_t part_count() const override { return 1; }
  bool has(std::size_t) const override { return false; }

  void put_part(std::size_t number, std::shared_ptr<const Buffer> body, DoneStatus done) override {
    Status checked = check_part(number, body->size(), request_.size, request_.part_size);
    if (checked.ok()) {
      const std::lock_guard lock(mutex_);
      body_ = std::move(body);
    }
    done(std::move(checked));
  }

  void finish(PutCondition condition, Done<PutReply> done) override {
    PutRequest put{request_.key, nullptr, std::move(condition), request_.durable};
    {
      const std::lock_guard lock(mutex_);
      put.body = body_;
    }
    if (!put.body) return done(Status(Code::invalid_argument, request_.key + ": no part was put"));
    put.checksum = crc32c(put.body->span());
    put_object(*client_, std::move(put), std::move(done));
  }

  void abort(DoneStatus done) override { done(Status()); }

 private:
  const std::shared_ptr<Client> client_;
  const UploadRequest request_;
  std::mutex mutex_;
  std::shared_ptr<const Buffer> body_;
};

class MultipartUpload final : public Upload, public std::enable_shared_from_this<MultipartUpload> {
 public:
  MultipartUpload(std::shared_ptr<Client> client, const UploadRequest& request, std::string id)
      : client_(std::move(client)),
        key_(request.key),
        size_(request.size),
        part_size_(request.part_size),
        id_(std::move(id)) {}

  const std::string& id() const override { return id_; }
  std::uint64_t part_size() const override { return part_size_; }
  std::size_t part_count() const override { return count_parts(size_, part_size_); }
  bool has(std::size_t number) const override { return resumed_.contains(number); }

  void put_part(std::size_t number, std::shared_ptr<const Buffer> body, DoneStatus done) override {
    if (Status checked = check_part(number, body->size(), size_, part_size_); !checked.ok()) {
      return done(std::move(checked));
    }
    const auto asked = ask("PUT", "UploadPart", key_,
                           "partNumber=" + std::to_string(number + 1) + "&" + upload_query());
    asked->body = std::move(body);
    asked->expected = asked->body->size();
    asked->done = [self = shared_from_this(), number,
                   done = std::move(done)](Result<Answer> answer) {
      if (!answer.ok()) return done(answer.status());
      {
        const std::lock_guard lock(self->mutex_);
        self->parts_[number] = std::move(answer->etag);
      }
      done(Status());
    };
    client_->send(asked);
  }

  void finish(PutCondition condition, Done<PutReply> done) override {
    const auto asked = ask("POST", "CompleteMultipartUpload", key_, upload_query());
    {
      const std::lock_guard lock(mutex_);
      if (parts_.size() != part_count()) {
        return done(Status(Code::invalid_argument, key_ + ": not all parts have been put"));
      }
      const std::string list = write_parts(parts_);
      asked->body =
          std::make_shared<const Buffer>(Buffer::copy_of(std::as_bytes(std::span(list))));
    }
    asked->condition = condition.kind;
    if (condition.kind == PutCondition::Kind::if_absent) {
      asked->headers.emplace_back("If-None-Match", "*");
    } else if (condition.kind == PutCondition::Kind::if_match) {
      asked->headers.emplace_back("If-Match", condition.etag);
    }
    asked->headers.emplace_back("Content-Type", "application/xml");
    asked->done = [self = shared_from_this(), request = asked.get(),
                   done = std::move(done)](Result<Answer> answer) {
      const bool unsure = request->lost || self->asked_before_.exchange(true);
      if (answer.ok()) {
        const std::string what = describe(*request, self->client_->target());
        return done(read_completed(text_of(*answer), what));
      }
      if (unsure && answer.status().code() == Code::not_found) {
        return self->settle_lost(answer.status(), done);
      }
      done(answer.status());
    };
    client_->send(asked);
  }

  void abort(DoneStatus done) override {
    const auto asked = ask("DELETE", "AbortMultipartUpload", key_, upload_query());
    asked->done = [done = std::move(done)](const Result<Answer>& answer) {
      const Status status = answer.status();
      done(status.code() == Code::not_found ? Status() : status);
    };
    client_->send(asked);
  }

  /// Takes over the parts that are there, page by page, then calls `done`.
  void resume(std::size_t after, Done<std::shared_ptr<Upload>> done) {
    std::string query = upload_query();
    if (after > 0) query = "part-number-marker=" + std::to_string(after) + "&" + query;
    const auto asked = ask("GET", "ListParts", key_, std::move(query));
    asked->done = [self = shared_from_this(), after, request = asked.get(),
                   done = std::move(done)](Result<Answer> answer) {
      if (!answer.ok()) return done(answer.status());
      const std::string what = describe(*request, self->client_->target());
      auto page = read_parts(text_of(*answer), what);
      if (!page.ok()) return done(page.status());
      for (const ListedPart& part : page->parts) self->take(part);
      if (page->next == 0) return done(std::shared_ptr<Upload>(self));
      if (page->next <= after) {
        return done(Status(Code::corrupt, what + ": the list of parts goes back"));
      }
      self->resume(page->next, done);
    };
    client_->send(asked);
  }

 private:
  std::string upload_query() const { return "uploadId=" + encode_query(id_); }

  // A part of another size is put again.
  void take(const ListedPart& part) {
    if (part.number == 0 || part.number > part_count()) return;
    const std::size_t number = part.number - 1;
    if (part.size != part_length(number, size_, part_size_)) return;
    parts_[number] = part.etag;
    resumed_.insert(number);
  }

  // An earlier attempt may have completed the upload: then an object of its size lies there, with
  // the entity tag of an object in so many parts.
  void settle_lost(const Status& failed, Done<PutReply> done) {
    head_object(*client_, key_, [self = shared_from_this(), failed,
                                 done = std::move(done)](Result<ObjectInfo> found) {
      const std::string parts = "-" + std::to_string(self->part_count()) + "\"";
      if (found.ok() && found->size == self->size_ && found->etag.ends_with(parts)) {
        return done(PutReply{found->etag});
      }
      done(failed);
    });
  }

  const std::shared_ptr<Client> client_;
  const std::string key_;
  const std::uint64_t size_;
  const std::uint64_t part_size_;
  const std::string id_;
  std::set<std::size_t> resumed_;
  std::atomic<bool> asked_before_{false};
  std::mutex mutex_;
  std::map<std::size_t, std::string> parts_;  // entity tags
};

void create(const std::shared_ptr<Client>& client, UploadRequest request,
            Done<std::shared_ptr<Upload>> done) {
  const auto asked = ask("POST", "CreateMultipartUpload", request.key, "uploads=");
  asked->done = [client, request = std::move(request), self = asked.get(),
                 done = std::move(done)](Result<Answer> answer) {
    if (!answer.ok()) return done(answer.status());
    auto id = read_upload_id(text_of(*answer), describe(*self, client->target()));
    if (!id.ok()) return done(id.status());
    done(std::shared_ptr<Upload>(std::make_shared<MultipartUpload>(client, request, *id)));
  };
  client->send(asked);
}

}  // namespace

void begin_upload(const std::shared_ptr<Client>& client, UploadRequest request,
                  Done<std::shared_ptr<Upload>> done) {
  if (request.part_size == 0) request.part_size = choose_part_size(request.size);
  if (request.size <= request.part_size) {
    request.resume.clear();
    return done(
        std::shared_ptr<Upload>(std::make_shared<SingleUpload>(client, std::move(request))));
  }
  if (count_parts(request.size, request.part_size) > kMaxParts) {
    return done(Status(Code::invalid_argument,
                       request.key + ": more than 10,000 parts, use larger ones"));
  }
  if (request.resume.empty()) return create(client, std::move(request), std::move(done));
  const auto upload = std::make_shared<MultipartUpload>(client, request, request.resume);
  upload->resume(0, std::move(done));
}

}  // namespace arraymorph::store::s3
