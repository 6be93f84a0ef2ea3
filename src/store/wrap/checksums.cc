#include "store/wrap/checksums.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "runtime/checksum.h"
#include "runtime/log.h"
#include "runtime/stats.h"
#include "store/key.h"

namespace arraymorph::store {
namespace {

constexpr std::size_t kMd5Digits = 32;

// The digits of an entity tag that looks like an MD5 (those of multipart uploads do not).
std::string_view md5_of_tag(std::string_view etag) {
  if (etag.size() != kMd5Digits + 2 || etag.front() != '"' || etag.back() != '"') return {};
  const std::string_view digits = etag.substr(1, kMd5Digits);
  const bool md5 = digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return md5 ? digits : std::string_view();
}

class ChecksumStore final : public ObjectStore {
 public:
  ChecksumStore(std::shared_ptr<ObjectStore> store, Checksums kind)
      : store_(std::move(store)), kind_(kind) {}

  void get(GetRequest request, Done<GetReply> done) override {
    if (request.range) return store_->get(std::move(request), std::move(done));
    get_whole(std::move(request), std::move(done), /*again=*/true);
  }

  void put(PutRequest request, Done<PutReply> done) override {
    store_->put(std::move(request), std::move(done));
  }
  void head(std::string key, Done<ObjectInfo> done) override {
    store_->head(std::move(key), std::move(done));
  }
  void remove(std::vector<std::string> keys, DoneStatus done) override {
    store_->remove(std::move(keys), std::move(done));
  }
  void list(ListRequest request, Done<ListReply> done) override {
    store_->list(std::move(request), std::move(done));
  }
  void copy(std::string from, std::string to, DoneStatus done) override {
    store_->copy(std::move(from), std::move(to), std::move(done));
  }
  void upload(UploadRequest request, Done<std::shared_ptr<Upload>> done) override {
    store_->upload(std::move(request), std::move(done));
  }
  const std::string& url() const override { return store_->url(); }
  std::string identity() const override { return store_->identity(); }
  bool keeps_conditions() const override { return store_->keeps_conditions(); }
  ObjectStore& uncounted() override { return store_->uncounted(); }

 private:
  void get_whole(GetRequest request, Done<GetReply> done, bool again) {
    GetRequest asked = request;
    store_->get(std::move(asked), [kind = kind_, store = store_, request = std::move(request),
                                   done = std::move(done), again](Result<GetReply> reply) mutable {
      if (!reply.ok()) return done(std::move(reply));
      const Status status = verify(*reply, request, kind, store->url());
      if (status.ok()) return done(std::move(reply));
      if (!again) return done(status);
      log(LogLevel::info, status.message() + "; reading it once more");
      count(stats().retries);
      ChecksumStore(std::move(store), kind)
          .get_whole(std::move(request), std::move(done), /*again=*/false);
    });
  }

  static Status verify(const GetReply& reply, const GetRequest& request, Checksums kind,
                       const std::string& url) {
    const ConstByteSpan bytes = request.into.empty()
                                    ? reply.body.span()
                                    : ConstByteSpan(request.into).first(reply.received);
    const std::string what = shown_url(url, request.key) +
                             ": the bytes that arrived are not those that " + "were stored: their ";
    if (reply.checksum) {
      const std::uint32_t found = crc32c(bytes);
      if (found != *reply.checksum) {
        return {Code::corrupt, what + "CRC-32C is " + checksum_text(found) + " instead of " +
                                   checksum_text(*reply.checksum)};
      }
    }
    const std::string_view tag = md5_of_tag(reply.etag);
    if (kind == Checksums::etag && !tag.empty()) {
      const std::string found = md5_hex(bytes);
      if (!found.empty() && found != tag) {
        return {Code::corrupt, what + "MD5 is " + found + ", the entity tag " + reply.etag};
      }
    }
    return {};
  }

  const std::shared_ptr<ObjectStore> store_;
  const Checksums kind_;
};

}  // namespace

std::shared_ptr<ObjectStore> with_checksums(std::shared_ptr<ObjectStore> store, Checksums kind) {
  if (kind == Checksums::off) return store;
  return std::make_shared<ChecksumStore>(std::move(store), kind);
}

}  // namespace arraymorph::store
