#include "store/wrap/trace.h"

#include <utility>

#include "runtime/trace.h"
#include "store/key.h"

namespace arraymorph::store {
namespace {

using trace::Line;

void end(Line& line, const Status& status, std::uint64_t start) {
  line.text("status", code_name(status.code())).write(start);
}

template <class T>
Done<T> traced(Line line, Done<T> done) {
  return [line = std::move(line), start = trace::now(),
          done = std::move(done)](Result<T> reply) mutable {
    end(line, reply.status(), start);
    done(std::move(reply));
  };
}

DoneStatus traced(Line line, DoneStatus done) {
  return [line = std::move(line), start = trace::now(),
          done = std::move(done)](Status status) mutable {
    end(line, status, start);
    done(std::move(status));
  };
}

class TraceUpload final : public Upload {
 public:
  TraceUpload(std::shared_ptr<Upload> upload, std::string url)
      : upload_(std::move(upload)), url_(std::move(url)) {}

  const std::string& id() const override { return upload_->id(); }
  std::uint64_t part_size() const override { return upload_->part_size(); }
  std::size_t part_count() const override { return upload_->part_count(); }
  bool has(std::size_t number) const override { return upload_->has(number); }

  void put_part(std::size_t number, std::shared_ptr<const Buffer> body, DoneStatus done) override {
    if (!trace::on()) return upload_->put_part(number, std::move(body), std::move(done));
    Line line("put");
    line.text("url", url_).number("offset", number * part_size()).number("bytes", body->size());
    upload_->put_part(number, std::move(body), traced(std::move(line), std::move(done)));
  }

  bool takes_pieces() const override { return upload_->takes_pieces(); }

  Status put_piece(std::size_t number, std::uint64_t offset, ConstByteSpan bytes) override {
    if (!trace::on()) return upload_->put_piece(number, offset, bytes);
    Line line("put");
    line.text("url", url_).number("offset", number * part_size() + offset);
    line.number("bytes", bytes.size());
    const std::uint64_t start = trace::now();
    Status status = upload_->put_piece(number, offset, bytes);
    end(line, status, start);
    return status;
  }

  Status end_part(std::size_t number, std::uint32_t checksum) override {
    return upload_->end_part(number, checksum);
  }

  void finish(PutCondition condition, Done<PutReply> done) override {
    if (!trace::on()) return upload_->finish(std::move(condition), std::move(done));
    Line line("put");
    line.text("url", url_);
    upload_->finish(std::move(condition), traced(std::move(line), std::move(done)));
  }

  void abort(DoneStatus done) override { upload_->abort(std::move(done)); }

 private:
  const std::shared_ptr<Upload> upload_;
  const std::string url_;
};

class TraceStore final : public ObjectStore {
 public:
  explicit TraceStore(std::shared_ptr<ObjectStore> store) : store_(std::move(store)) {}

  void get(GetRequest request, Done<GetReply> done) override {
    if (!trace::on()) return store_->get(std::move(request), std::move(done));
    Line line = begin("get", request.key);
    if (request.range) {
      line.number("offset", request.range->offset).number("length", request.range->length);
    }
    const std::uint64_t start = trace::now();
    store_->get(std::move(request), [line = std::move(line), start,
                                     done = std::move(done)](Result<GetReply> reply) mutable {
      if (reply.ok()) line.number("bytes", reply->received);
      end(line, reply.status(), start);
      done(std::move(reply));
    });
  }

  void put(PutRequest request, Done<PutReply> done) override {
    if (!trace::on()) return store_->put(std::move(request), std::move(done));
    Line line = begin("put", request.key);
    line.number("bytes", request.body->size());
    store_->put(std::move(request), traced(std::move(line), std::move(done)));
  }

  void head(std::string key, Done<ObjectInfo> done) override {
    if (!trace::on()) return store_->head(std::move(key), std::move(done));
    Line line = begin("head", key);
    store_->head(std::move(key), traced(std::move(line), std::move(done)));
  }

  void remove(std::vector<std::string> keys, DoneStatus done) override {
    if (!trace::on()) return store_->remove(std::move(keys), std::move(done));
    Line line = begin("remove", keys.empty() ? "" : keys.front());
    line.number("objects", keys.size());
    store_->remove(std::move(keys), traced(std::move(line), std::move(done)));
  }

  void list(ListRequest request, Done<ListReply> done) override {
    if (!trace::on()) return store_->list(std::move(request), std::move(done));
    Line line = begin("list", request.prefix);
    const std::uint64_t start = trace::now();
    store_->list(std::move(request), [line = std::move(line), start,
                                      done = std::move(done)](Result<ListReply> reply) mutable {
      if (reply.ok()) line.number("objects", reply->objects.size());
      end(line, reply.status(), start);
      done(std::move(reply));
    });
  }

  void copy(std::string from, std::string to, DoneStatus done) override {
    if (!trace::on()) return store_->copy(std::move(from), std::move(to), std::move(done));
    Line line = begin("copy", to);
    store_->copy(std::move(from), std::move(to), traced(std::move(line), std::move(done)));
  }

  void upload(UploadRequest request, Done<std::shared_ptr<Upload>> done) override {
    std::string url = store_->url() + "/" + request.key;
    store_->upload(std::move(request), [url = std::move(url), done = std::move(done)](
                                           Result<std::shared_ptr<Upload>> begun) mutable {
      if (!begun.ok()) return done(begun.status());
      done(std::shared_ptr<Upload>(
          std::make_shared<TraceUpload>(std::move(*begun), std::move(url))));
    });
  }

  const std::string& url() const override { return store_->url(); }
  std::string identity() const override { return store_->identity(); }
  bool keeps_conditions() const override { return store_->keeps_conditions(); }
  ObjectStore& uncounted() override { return store_->uncounted(); }

 private:
  Line begin(std::string_view verb, const std::string& key) const {
    Line line(verb);
    line.text("url", shown_url(store_->url(), key));
    return line;
  }

  const std::shared_ptr<ObjectStore> store_;
};

}  // namespace

std::shared_ptr<ObjectStore> with_trace(std::shared_ptr<ObjectStore> store) {
  return std::make_shared<TraceStore>(std::move(store));
}

}  // namespace arraymorph::store
