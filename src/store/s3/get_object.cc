#include <charconv>
#include <utility>

#include "store/s3/verbs.h"

namespace arraymorph::store::s3 {
namespace {

// The total of "bytes 0-99/1234"; 0 where the server does not tell.
std::uint64_t total_of(const std::string& content_range) {
  const std::size_t slash = content_range.rfind('/');
  std::uint64_t total = 0;
  if (slash != std::string::npos) {
    std::from_chars(content_range.data() + slash + 1, content_range.data() + content_range.size(),
                    total);
  }
  return total;
}

Result<GetReply> read_answer(Result<Answer> answer, const std::string& what, bool ranged) {
  if (!answer.ok()) return answer.status();
  if (ranged && answer->status != 206) {
    return Status(Code::unsupported, what + ": the server ignores the Range header");
  }
  if (answer->has_length && answer->received != answer->content_length) {
    return Status(Code::corrupt, what + ": " + std::to_string(answer->received) + " of " +
                                     std::to_string(answer->content_length) + " bytes arrived");
  }
  GetReply reply;
  reply.received = answer->received;
  reply.object_size = ranged ? total_of(answer->content_range) : answer->received;
  reply.etag = std::move(answer->etag);
  answer->body.shrink(answer->body.empty() ? 0 : answer->received);
  reply.body = std::move(answer->body);
  return reply;
}

}  // namespace

void get_object(Client& client, GetRequest request, Done<GetReply> done) {
  const auto asked = std::make_shared<Request>();
  asked->method = "GET";
  asked->operation = "GetObject";
  asked->key = std::move(request.key);
  asked->into = request.into;
  if (request.range) {
    const std::string what = describe(*asked, client.target());
    if (request.range->length == 0) {
      return done(Status(Code::invalid_argument, what + ": empty range"));
    }
    asked->headers.emplace_back(
        "Range", "bytes=" + std::to_string(request.range->offset) + "-" +
                     std::to_string(request.range->offset + request.range->length - 1));
  }
  asked->done = [what = describe(*asked, client.target()), ranged = request.range.has_value(),
                 done = std::move(done)](Result<Answer> answer) {
    done(read_answer(std::move(answer), what, ranged));
  };
  client.send(asked);
}

}  // namespace arraymorph::store::s3
