#include "store/wrap/metrics.h"

#include <utility>

#include "runtime/stats.h"

namespace arraymorph::store {
namespace {

// A key that is not there is an answer, not an error.
void count_failure(const Status& status) {
  if (!status.ok() && status.code() != Code::not_found) count(stats().errors);
}

template <class T>
Done<T> counted(Done<T> done) {
  return [done = std::move(done)](Result<T> reply) {
    count_failure(reply.status());
    done(std::move(reply));
  };
}

DoneStatus counted(DoneStatus done) {
  return [done = std::move(done)](Status status) {
    count_failure(status);
    done(std::move(status));
  };
}

// Parts count as PUTs, as does the request that makes them an object.
class MetricsUpload final : public Upload {
 public:
  explicit MetricsUpload(std::shared_ptr<Upload> upload) : upload_(std::move(upload)) {}

  const std::string& id() const override { return upload_->id(); }
  std::uint64_t part_size() const override { return upload_->part_size(); }
  std::size_t part_count() const override { return upload_->part_count(); }
  bool has(std::size_t number) const override { return upload_->has(number); }

  void put_part(std::size_t number, std::shared_ptr<const Buffer> body, DoneStatus done) override {
    count(stats().put_requests);
    const std::size_t size = body->size();
    upload_->put_part(number, std::move(body), [size, done = std::move(done)](Status status) {
      if (status.ok()) count(stats().bytes_written, size);
      count_failure(status);
      done(std::move(status));
    });
  }

  bool takes_pieces() const override { return upload_->takes_pieces(); }

  Status put_piece(std::size_t number, std::uint64_t offset, ConstByteSpan bytes) override {
    Status status = upload_->put_piece(number, offset, bytes);
    if (status.ok()) count(stats().bytes_written, bytes.size());
    count_failure(status);
    return status;
  }

  Status end_part(std::size_t number, std::uint32_t checksum) override {
    count(stats().put_requests);
    Status status = upload_->end_part(number, checksum);
    count_failure(status);
    return status;
  }

  void finish(PutCondition condition, Done<PutReply> done) override {
    if (!id().empty()) count(stats().put_requests);
    upload_->finish(std::move(condition), counted(std::move(done)));
  }

  void abort(DoneStatus done) override { upload_->abort(counted(std::move(done))); }

 private:
  const std::shared_ptr<Upload> upload_;
};

class MetricsStore final : public ObjectStore {
 public:
  explicit MetricsStore(std::shared_ptr<ObjectStore> store) : store_(std::move(store)) {}

  void get(GetRequest request, Done<GetReply> done) override {
    count(stats().get_requests);
    store_->get(std::move(request), [done = std::move(done)](Result<GetReply> reply) {
      if (reply.ok()) count(stats().bytes_read, reply->received);
      count_failure(reply.status());
      done(std::move(reply));
    });
  }

  void put(PutRequest request, Done<PutReply> done) override {
    count(stats().put_requests);
    const std::size_t size = request.body->size();
    store_->put(std::move(request), [size, done = std::move(done)](Result<PutReply> reply) {
      if (reply.ok()) count(stats().bytes_written, size);
      count_failure(reply.status());
      done(std::move(reply));
    });
  }

  void head(std::string key, Done<ObjectInfo> done) override {
    count(stats().head_requests);
    store_->head(std::move(key), counted(std::move(done)));
  }

  void remove(std::vector<std::string> keys, DoneStatus done) override {
    count(stats().remove_requests, keys.size());
    store_->remove(std::move(keys), counted(std::move(done)));
  }

  void list(ListRequest request, Done<ListReply> done) override {
    count(stats().list_requests);
    store_->list(std::move(request), counted(std::move(done)));
  }

  void copy(std::string from, std::string to, DoneStatus done) override {
    count(stats().copy_requests);
    store_->copy(std::move(from), std::move(to), counted(std::move(done)));
  }

  void upload(UploadRequest request, Done<std::shared_ptr<Upload>> done) override {
    store_->upload(
        std::move(request), [done = std::move(done)](Result<std::shared_ptr<Upload>> begun) {
          count_failure(begun.status());
          if (!begun.ok()) return done(begun.status());
          done(std::shared_ptr<Upload>(std::make_shared<MetricsUpload>(std::move(*begun))));
        });
  }

  const std::string& url() const override { return store_->url(); }
  std::string identity() const override { return store_->identity(); }
  bool keeps_conditions() const override { return store_->keeps_conditions(); }
  ObjectStore& uncounted() override { return store_->uncounted(); }

 private:
  const std::shared_ptr<ObjectStore> store_;
};

}  // namespace

std::shared_ptr<ObjectStore> with_metrics(std::shared_ptr<ObjectStore> store) {
  return std::make_shared<MetricsStore>(std::move(store));
}

}  // namespace arraymorph::store
