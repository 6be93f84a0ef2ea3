#include <utility>

#include "store/s3/date.h"
#include "store/s3/verbs.h"

namespace arraymorph::store::s3 {

void head_object(Client& client, std::string key, Done<ObjectInfo> done) {
  const auto asked = std::make_shared<Request>();
  asked->method = "HEAD";
  asked->operation = "HeadObject";
  asked->key = key;
  asked->done = [key = std::move(key), done = std::move(done)](Result<Answer> answer) {
    if (!answer.ok()) return done(answer.status());
    done(ObjectInfo{key, answer->content_length, std::move(answer->etag),
                    read_http_date(answer->last_modified)});
  };
  client.send(asked);
}

}  // namespace arraymorph::store::s3
