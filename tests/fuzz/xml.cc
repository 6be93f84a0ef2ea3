// XML answers of a server: any document, as the list of objects, as an error.
#include "store/s3/xml.h"

#include "fuzz/input.h"
#include "store/s3/errors.h"
#include "store/s3/list_answer.h"

using namespace arraymorph;
using namespace arraymorph::store;

namespace {

void walk(std::string_view document) {
  std::size_t open = 0;
  std::size_t bytes = 0;
  s3::walk_xml(
      document,
      [&](std::string_view path, const std::string& value) {
        open = std::max<std::size_t>(open, path.size());
        bytes += value.size();
        fuzz::require(path.starts_with('/'), "a path without a root");
      },
      [&](std::string_view path) {
        fuzz::require(path.starts_with('/'), "a path without a root");
      });
  fuzz::require(open <= document.size() && bytes <= document.size(), "text out of nothing");
}

// Whoever follows the pages gets on, and sees only what was asked for.
void list(std::string_view document) {
  const ListRequest request{"run.h5/", "run.h5/b", 100};
  const auto reply = s3::read_list(document, request, "LIST");
  if (!reply.ok()) {
    fuzz::require(!reply.status().message().empty(), "an error without a message");
    return;
  }
  for (const ObjectInfo& object : reply->objects) {
    fuzz::require(object.key.starts_with(request.prefix), "a key outside the prefix");
    fuzz::require(object.key > request.after, "a key of an earlier page");
  }
  fuzz::require(reply->next.empty() || reply->next > request.after, "the same page again");
}

void judge(std::string_view document, int status) {
  s3::Request request;
  request.method = "GET";
  request.key = "run.h5/x";
  request.condition = PutCondition::Kind::if_match;
  s3::Failure failure;
  failure.http_status = status;
  failure.body = document;
  const s3::Verdict verdict =
      s3::judge(request, failure, {"bucket", "http://127.0.0.1:1", "us-east-1"});
  fuzz::require(!verdict.status.ok(), "a failure that is none");
  const std::string& message = verdict.status.message();
  fuzz::require(message.size() < 4096, "a message without a bound");
  for (const char c : message) {
    fuzz::require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a control character shown");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int kStatuses[] = {301, 400, 403, 404, 409, 412, 500, 503};
  fuzz::Input input(data, size);
  const int status = kStatuses[input.byte() % std::size(kStatuses)];
  walk(input.rest_text());
  list(input.rest_text());
  judge(input.rest_text(), status);
  return 0;
}
