// When an attempt gets no answer, the object may have been stored, or still be on its way.
//
// Unconditional: the next attempt sends the same bytes to the same key, which does no harm. S3
// orders two writes of one key by when they arrive at the server, so an attempt given up here that
// the server still works on could in theory come after a later write of the key. Giving up closes
// the connection, so that only what the server has read completely can do so, in the moment before
// it would have answered. New-objects mode (ARRAYMORPH_WRITE) never writes a key twice.
//
// Conditional: a late attempt fails its condition. What the failed condition of a retry means is
// settled by reading the object.
#include <algorithm>
#include <utility>

#include "runtime/checksum.h"
#include "store/s3/verbs.h"

namespace arraymorph::store::s3 {
namespace {

bool same_bytes(const Buffer& a, const Buffer& b) {
  return a.size() == b.size() && std::equal(a.data(), a.data() + a.size(), b.data());
}

Status unknown(const Status& status) {
  return {Code::unavailable,
          status.message() +
              "; it is not known whether the object was stored: the server may have "
              "received it"};
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
               } else if (found.ok() || found.status().code() == Code::not_found) {
                 done(failed);
               } else {
                 done(unknown(found.status().with_context(
                     failed.message() +
                     ", but an attempt before that got no answer, and reading the object to see "
                     "whose it is failed")));
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
  asked->expected = asked->body->size();
  asked->condition = request.condition.kind;
  if (request.checksum) {
    asked->headers.emplace_back(kChecksumHeader, checksum_text(*request.checksum));
    // For the server: what arrived damaged is refused. Not all look at the signed hash.
    asked->headers.emplace_back("x-amz-checksum-crc32c", checksum_base64(*request.checksum));
  }
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
    } else if (self->lost && self->condition != PutCondition::Kind::always &&
               answer.status().code() == Code::unavailable) {
      done(unknown(answer.status()));
    } else {
      done(answer.status());
    }
  };
  client.send(asked);
}

}  // namespace arraymorph::store::s3
