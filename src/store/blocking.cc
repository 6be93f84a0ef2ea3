// The blocking forms: start the verb, wait for its callback.
#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <optional>
#include <utility>

#include "arraymorph/object_store.h"

namespace arraymorph {
namespace {

// Outlives the wait: the callback may still hold its lock when the waiter returns.
template <class T>
class Waiter {
 public:
  void set(T value) {
    const std::lock_guard lock(mutex_);
    value_ = std::move(value);
    arrived_.notify_one();
  }

  T wait() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return value_.has_value(); });
    return std::move(*value_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::optional<T> value_;
};

template <class T, class Start>
T await(Start start) {
  const auto waiter = std::make_shared<Waiter<T>>();
  start([waiter](T value) { waiter->set(std::move(value)); });
  return waiter->wait();
}

}  // namespace

// NOLINTNEXTLINE(performance-unnecessary-value-param): stores that can upload keep both
void ObjectStore::upload(UploadRequest request, Done<std::shared_ptr<Upload>> done) {
  done(Status(Code::unsupported, url() + "/" + request.key + ": this store cannot be written to"));
}

Status Upload::put_piece(std::size_t, std::uint64_t, ConstByteSpan) {
  return {Code::invalid_argument, "this upload takes whole parts only"};
}

Status Upload::end_part(std::size_t, std::uint32_t) {
  return {Code::invalid_argument, "this upload takes whole parts only"};
}

Status check_answer(const std::string& name, const std::string& etag, const ByteRange& range,
                    const Result<GetReply>& reply) {
  if (!reply.ok()) {
    if (reply.status().code() != Code::not_found) return reply.status().with_context(name);
    return {Code::conflict, name + " was removed while it was open"};
  }
  if (reply->etag != etag) {
    return {Code::conflict, name + " was replaced since it was opened (its entity tag is " +
                                reply->etag + ", it was " + etag + "); open it again"};
  }
  if (reply->received == range.length) return {};
  return {Code::corrupt, name + ": " + std::to_string(reply->received) + " bytes came of " +
                             std::to_string(range.length) + " asked for at offset " +
                             std::to_string(range.offset)};
}

Result<GetReply> get(ObjectStore& store, GetRequest request) {
  return await<Result<GetReply>>(
      [&](auto done) { store.get(std::move(request), std::move(done)); });
}

Result<PutReply> put(ObjectStore& store, PutRequest request) {
  return await<Result<PutReply>>(
      [&](auto done) { store.put(std::move(request), std::move(done)); });
}

Result<ObjectInfo> head(ObjectStore& store, std::string key) {
  return await<Result<ObjectInfo>>([&](auto done) { store.head(std::move(key), std::move(done)); });
}

Status remove(ObjectStore& store, std::vector<std::string> keys) {
  return await<Status>([&](auto done) { store.remove(std::move(keys), std::move(done)); });
}

Result<ListReply> list(ObjectStore& store, ListRequest request) {
  return await<Result<ListReply>>(
      [&](auto done) { store.list(std::move(request), std::move(done)); });
}

namespace {

// The last name of a page in the order of names; empty when there is none.
std::string last_name(const ListReply& page) {
  std::string last = page.objects.empty() ? "" : page.objects.back().key;
  return page.prefixes.empty() ? last : std::max(last, page.prefixes.back());
}

bool follows(const ListReply& page, const std::string& last) {
  return (page.objects.empty() || page.objects.front().key > last) &&
         (page.prefixes.empty() || page.prefixes.front() > last);
}

}  // namespace

Result<ListReply> list_folder(ObjectStore& store, std::string prefix) {
  ListReply all;
  ListRequest request{std::move(prefix), {}};
  request.delimited = true;
  do {
    ARRAYMORPH_ASSIGN(ListReply page, list(store, request));
    const std::string last = last_name(all);
    if (!follows(page, last)) {
      return Status(Code::corrupt, store.url() + "/" + request.prefix +
                                       ": the list of objects goes back behind '" + last + "'");
    }
    std::move(page.objects.begin(), page.objects.end(), std::back_inserter(all.objects));
    std::move(page.prefixes.begin(), page.prefixes.end(), std::back_inserter(all.prefixes));
    request.after = std::move(page.next);
  } while (!request.after.empty());
  return all;
}

Result<std::vector<ObjectInfo>> list_all(ObjectStore& store, std::string prefix) {
  std::vector<ObjectInfo> all;
  ListRequest request{std::move(prefix), {}};
  do {
    Result<ListReply> page =
        await<Result<ListReply>>([&](auto done) { store.list(request, std::move(done)); });
    if (Status status = page.status(); !status.ok()) return status;
    for (ObjectInfo& object : page->objects) all.push_back(std::move(object));
    if (!page->next.empty() && page->next <= request.after) {
      return Status(Code::corrupt, store.url() + "/" + request.prefix +
                                       ": the list of objects goes back to '" + page->next + "'");
    }
    request.after = std::move(page->next);
  } while (!request.after.empty());
  return all;
}

Status copy(ObjectStore& store, std::string from, std::string to) {
  return await<Status>(
      [&](auto done) { store.copy(std::move(from), std::move(to), std::move(done)); });
}

Result<std::shared_ptr<Upload>> upload(ObjectStore& store, UploadRequest request) {
  return await<Result<std::shared_ptr<Upload>>>(
      [&](auto done) { store.upload(std::move(request), std::move(done)); });
}

Result<PutReply> finish(Upload& upload, PutCondition condition) {
  return await<Result<PutReply>>(
      [&](auto done) { upload.finish(std::move(condition), std::move(done)); });
}

Status abort(Upload& upload) {
  return await<Status>([&](auto done) { upload.abort(std::move(done)); });
}

}  // namespace arraymorph
