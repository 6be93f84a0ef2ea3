#include <algorithm>
#include <utility>

#include "store/s3/verbs.h"

namespace arraymorph::store::s3 {
namespace {

bool same_bytes(const Buffer& a, const Buffer& b) {
  return a.size() == b.size() && std::equal(a.data(), a.data() + a.size(), b.data());
}

// The answer of an earlier attempt was lost and the condition fails now: when the object holds
// our bytes, that attempt had succeeded.
void settle_lost(Client& client, const std::string& key, std::shared_ptr<const Buffer> body,
                 const Status& failed, Done<PutReply> done) {
  const std::size_t size = body->size();
  get_object(client, {key, {}, {}, size},
             [body = std::move(body), failed, done = std::move(done)](Result<GetReply> found) {
               if (found.ok() && same_bytes(found->body, *body)) {
                 done(PutReply{std::move(found->etag)});
               } else {
                 done(failed);
               }
             });
}

bool failed_condition(const Status& status) {
  return status.code() == Code::conflict || status.code() == Code::already_exists;
}

}  // namespace

void put_object(Client& client, PutRequest request, Done<PutReply> done) {
  const auto asked = std::make_shared<Request>();
  asked->method = "PUT";
  asked->operation = "PutObject";
  asked->key = std::move(request.key);
  asked->body = std::move(request.body);
  asked->condition = request.condition.kind;
  if (request.condition.kind == PutCondition::Kind::if_absent) {
    asked->headers.emplace_back("If-None-Match", "*");
  } else if (request.condition.kind == PutCondition::Kind::if_match) {
    asked->headers.emplace_back("If-Match", request.condition.etag);
  }
  // The request lives until its callback has run.
  asked->done = [&client, self = asked.get(), done = std::move(done)](Result<Answer> answer) {
    if (answer.ok()) {
      done(PutReply{std::move(answer->etag)});
    } else if (self->lost && failed_condition(answer.status())) {
      settle_lost(client, self->key, self->body, answer.status(), done);
    } else {
      done(answer.status());
    }
  };
  client.send(asked);
}

}  // namespace arraymorph::store::s3
