#include <utility>

#include "store/s3/verbs.h"

namespace arraymorph::store::s3 {
namespace {

// Below, what the engine does to receive in place costs more than the copies it saves.
constexpr std::uint64_t kMinInPlace = 32 << 10;
// Above, set aside only what really arrives.
constexpr std::uint64_t kMaxInPlace = 256 << 20;

std::size_t room_in_place(const GetRequest& request) {
  const std::uint64_t bound = request.range ? request.range->length : request.expected;
  const std::uint64_t room = request.into.empty() ? bound : request.into.size();
  const bool fits = !request.range || request.range->length <= room;
  const bool worthwhile = room >= kMinInPlace && (room <= kMaxInPlace || !request.into.empty());
  return Attempt::receives_in_place() && fits && worthwhile ? room : 0;
}

}  // namespace

Result<GetReply> read_got(Result<Answer> answer) {
  if (!answer.ok()) return answer.status();
  GetReply reply;
  reply.received = answer->received;
  const bool part = answer->status == 206;
  reply.object_size = part ? total_of(answer->content_range) : answer->received;
  reply.etag = std::move(answer->etag);
  reply.checksum = answer->checksum;
  answer->body.shrink(answer->body.empty() ? 0 : answer->received);
  reply.body = std::move(answer->body);
  return reply;
}

std::shared_ptr<Request> ask_object(const GetRequest& request) {
  const auto asked = std::make_shared<Request>();
  asked->method = "GET";
  asked->operation = "GetObject";
  asked->most = largest_body(request);
  asked->key = request.key;
  asked->into = request.into;
  asked->range = request.range;
  asked->in_place = room_in_place(request);
  if (request.into.empty()) asked->set_aside = asked->in_place;
  asked->expected = request.range           ? request.range->length
                    : !request.into.empty() ? request.into.size()
                                            : request.expected;
  return asked;
}

void get_object(Client& client, const GetRequest& request, Done<GetReply> done) {
  const std::shared_ptr<Request> asked = ask_object(request);
  if (request.range && request.range->length == 0) {
    return done(
        Status(Code::invalid_argument, describe(*asked, client.target()) + ": empty range"));
  }
  asked->done = [done = std::move(done)](Result<Answer> answer) {
    done(read_got(std::move(answer)));
  };
  client.send(asked);
}

}  // namespace arraymorph::store::s3
