#include <utility>

#include "store/s3/verbs.h"

namespace arraymorph::store::s3 {

void copy_object(Client& client, const std::string& from, std::string to, DoneStatus done) {
  const auto asked = std::make_shared<Request>();
  asked->method = "PUT";
  asked->operation = "CopyObject";
  asked->key = std::move(to);
  asked->headers.emplace_back("x-amz-copy-source",
                              "/" + encode_path(client.target().bucket) + "/" + encode_path(from));
  asked->done = [from, done = std::move(done)](const Result<Answer>& answer) {
    done(answer.ok() ? Status() : answer.status().with_context("copy of " + from));
  };
  client.send(asked);
}

}  // namespace arraymorph::store::s3
