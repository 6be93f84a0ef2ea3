#include "store/s3/s3_store.h"

#include <chrono>
#include <utility>

#include "runtime/endpoint.h"
#include "store/key.h"
#include "store/s3/verbs.h"

namespace arraymorph::store {
namespace {

constexpr std::chrono::seconds kStopBudget{5};

class S3Store final : public ObjectStore {
 public:
  S3Store(const std::string& bucket, const Config& config, const S3Endpoint& endpoint)
      : url_("s3://" + bucket),
        aws_(endpoint.aws()),
        client_(std::make_shared<s3::Client>(bucket, config, endpoint)) {
    enroll(client_);
  }

  ~S3Store() override { client_->stop(std::chrono::steady_clock::now() + kStopBudget); }

  void get(GetRequest request, Done<GetReply> done) override {
    if (Status bad = check_key(request.key); !bad.ok()) return done(std::move(bad));
    s3::get_object(*client_, request, std::move(done));
  }

  void put(PutRequest request, Done<PutReply> done) override {
    if (Status bad = check_key(request.key); !bad.ok()) return done(std::move(bad));
    s3::put_object(*client_, std::move(request), std::move(done));
  }

  void head(std::string key, Done<ObjectInfo> done) override {
    if (Status bad = check_key(key); !bad.ok()) return done(std::move(bad));
    s3::head_object(*client_, std::move(key), std::move(done));
  }

  void remove(std::vector<std::string> keys, DoneStatus done) override {
    for (const std::string& key : keys) {
      if (Status bad = check_key(key); !bad.ok()) return done(std::move(bad));
    }
    s3::delete_objects(*client_, std::move(keys), std::move(done));
  }

  void list(ListRequest request, Done<ListReply> done) override {
    s3::list_objects(*client_, request, std::move(done));
  }

  void copy(std::string from, std::string to, DoneStatus done) override {
    if (Status bad = check_key(from); !bad.ok()) return done(std::move(bad));
    if (Status bad = check_key(to); !bad.ok()) return done(std::move(bad));
    s3::copy_object(*client_, from, std::move(to), std::move(done));
  }

  void upload(UploadRequest request, Done<std::shared_ptr<Upload>> done) override {
    if (Status bad = check_key(request.key); !bad.ok()) return done(std::move(bad));
    s3::begin_upload(client_, std::move(request), std::move(done));
  }

  const std::string& url() const override { return url_; }
  std::string identity() const override {
    return client_->target().endpoint + " " + client_->target().bucket;
  }
  // The S3 user guide promises conditional writes; servers of the same protocol differ.
  bool keeps_conditions() const override { return aws_; }

 private:
  const std::string url_;
  const bool aws_;
  const std::shared_ptr<s3::Client> client_;
};

}  // namespace

std::string s3_identity(const std::string& bucket, const Config& config) {
  const S3Settings& s3 = config.s3;
  std::string id = bucket;
  for (const std::string& part :
       {s3.endpoint, s3.region, s3.addressing_style, s3.use_tls, s3.signed_payloads, s3.ca_bundle,
        s3::CredentialSource(s3).fingerprint(), std::to_string(config.connections),
        std::to_string(config.retries), std::to_string(config.timeout_seconds),
        std::to_string(config.deadline_seconds)}) {
    id += '\n' + part;
  }
  return id;
}

Result<std::shared_ptr<ObjectStore>> make_s3_store(const std::string& bucket, const Config& given) {
  Config config = given;
  ARRAYMORPH_TRY(complete_s3(config.s3));
  ARRAYMORPH_ASSIGN(const S3Endpoint endpoint, s3_endpoint(config.s3));
  return std::shared_ptr<ObjectStore>(std::make_shared<S3Store>(bucket, config, endpoint));
}

}  // namespace arraymorph::store
