#include "store/http/http_store.h"

#include <utility>

#include "runtime/log.h"
#include "store/http/fetch.h"
#include "store/s3/date.h"
#include "store/s3/verbs.h"

namespace arraymorph::store {
namespace {

using http::Url;

constexpr int kPartialContent = 206;

class HttpStore final : public ObjectStore {
 public:
  HttpStore(std::string origin, const Config& config)
      : origin_(std::move(origin)), sites_(std::make_shared<http::Sites>(config)) {}

  ~HttpStore() override { sites_->stop(); }

  void get(GetRequest request, Done<GetReply> done) override {
    Result<Url> url = url_of(request.key);
    if (!url.ok()) return done(url.status());
    const std::string what = "GET " + shown(*url);
    if (request.range && request.range->length == 0) {
      return done(Status(Code::invalid_argument, what + ": empty range"));
    }
    http::fetch(sites_, *url, std::move(request),
                [what, done = std::move(done)](Result<s3::Answer> answer) {
                  if (!answer.ok()) return done(answer.status());
                  Status status = tells_size(*answer, what);
                  if (!status.ok()) return done(std::move(status));
                  done(s3::read_got(std::move(answer)));
                });
  }

  // Presigned URLs are good for one method.
  void head(std::string key, Done<ObjectInfo> done) override {
    Result<Url> url = url_of(key);
    if (!url.ok()) return done(url.status());
    GetRequest first;
    first.range = ByteRange{0, 1};
    http::fetch(sites_, *url, std::move(first),
                [what = "GET " + shown(*url), key = std::move(key),
                 done = std::move(done)](Result<s3::Answer> answer) {
                  if (!answer.ok()) return done(answer.status());
                  Status status = tells_size(*answer, what);
                  if (!status.ok()) return done(std::move(status));
                  done(ObjectInfo{key, s3::total_of(answer->content_range), std::move(answer->etag),
                                  s3::read_http_date(answer->last_modified)});
                });
  }

  void put(PutRequest request, Done<PutReply> done) override {
    done(refuse("written", request.key));
  }
  void remove(std::vector<std::string> keys, DoneStatus done) override {
    done(keys.empty() ? Status() : refuse("removed", keys.front()));
  }
  void list(ListRequest request, Done<ListReply> done) override {
    done(refuse("listed", request.prefix));
  }
  void copy(std::string from, std::string, DoneStatus done) override {
    done(refuse("copied on the server", from));
  }

  const std::string& url() const override { return origin_; }

 private:
  static std::string shown(const Url& url) { return printable(without_secrets(url.text()), 2000); }

  Result<Url> url_of(const std::string& key) const { return http::read_url(origin_ + "/" + key); }

  Status refuse(const std::string& verb, const std::string& key) const {
    return Status(Code::unsupported,
                  printable(without_secrets(origin_ + "/" + key), 2000) + " cannot be " + verb +
                      ": http(s) names are for reading; `arraymorph copy` brings the file into a "
                      "bucket or a directory");
  }

  static Status tells_size(const s3::Answer& answer, const std::string& what) {
    if (answer.status != kPartialContent || s3::total_of(answer.content_range) > 0) return {};
    return Status(Code::unsupported,
                  what + ": the server does not tell the size of the file (Content-Range '" +
                      printable(answer.content_range, 100) + "'): download the file");
  }

  const std::string origin_;
  const std::shared_ptr<http::Sites> sites_;
};

}  // namespace

std::string http_identity(const std::string& origin, const Config& config) {
  std::string id = origin;
  for (const std::string& part :
       {config.s3.ca_bundle, std::to_string(config.connections), std::to_string(config.retries),
        std::to_string(config.timeout_seconds), std::to_string(config.deadline_seconds)}) {
    id += '\n' + part;
  }
  return id;
}

std::shared_ptr<ObjectStore> make_http_store(const std::string& origin, const Config& config) {
  return std::make_shared<HttpStore>(origin, config);
}

}  // namespace arraymorph::store
