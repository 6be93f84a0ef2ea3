#include "store/wrap/metrics.h"

#include <utility>

#include "runtime/stats.h"

namespace arraymorph::store {
namespace {

// A key that is not there is an answer, not an error.
void count_failure(const Status& status) {
  if (!status.ok() && status.code() != Code::not_found) count(stats().errors);
}

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

  const std::string& url() const override { return store_->url(); }
  std::string identity() const override { return store_->identity(); }
  bool keeps_conditions() const override { return store_->keeps_conditions(); }
  ObjectStore& uncounted() override { return store_->uncounted(); }

 private:
  template <class T>
  static Done<T> counted(Done<T> done) {
    return [done = std::move(done)](Result<T> reply) {
      count_failure(reply.status());
      done(std::move(reply));
    };
  }

  static DoneStatus counted(DoneStatus done) {
    return [done = std::move(done)](Status status) {
      count_failure(status);
      done(std::move(status));
    };
  }

  const std::shared_ptr<ObjectStore> store_;
};

}  // namespace

std::shared_ptr<ObjectStore> with_metrics(std::shared_ptr<ObjectStore> store) {
  return std::make_shared<MetricsStore>(std::move(store));
}

}  // namespace arraymorph::store
