#include <algorithm>
#include <utility>

#include "store/s3/list_answer.h"
#include "store/s3/verbs.h"

namespace arraymorph::store::s3 {
namespace {

constexpr std::size_t kMaxPage = 1000;  // S3's own limit
// A page of the longest keys, each byte written as an entity.
constexpr std::size_t kMaxBody = 16 << 20;

}  // namespace

void list_objects(Client& client, const ListRequest& request, Done<ListReply> done) {
  const auto asked = std::make_shared<Request>();
  asked->method = "GET";
  asked->operation = "ListObjectsV2";
  asked->query = "list-type=2&max-keys=" + std::to_string(std::min(request.limit, kMaxPage)) +
                 "&prefix=" + encode_query(request.prefix);
  if (request.delimited) asked->query += "&delimiter=%2F";
  if (request.delimited && !request.after.empty()) {
    asked->query += "&continuation-token=" + encode_query(request.after);
  } else if (!request.after.empty()) {
    asked->query += "&start-after=" + encode_query(request.after);
  }
  asked->most = kMaxBody;
  asked->done = [what = describe(*asked, client.target()) + "/" + request.prefix, request,
                 done = std::move(done)](Result<Answer> answer) {
    if (!answer.ok()) return done(answer.status());
    const std::string_view document(reinterpret_cast<const char*>(answer->body.data()),
                                    answer->received);
    done(read_list(document, request, what));
  };
  client.send(asked);
}

}  // namespace arraymorph::store::s3
