#include <algorithm>
#include <charconv>
#include <utility>

#include "store/s3/date.h"
#include "store/s3/verbs.h"
#include "store/s3/xml.h"

namespace arraymorph::store::s3 {
namespace {

constexpr std::size_t kMaxPage = 1000;  // S3's own limit

// Some servers send the tag without its quotes here, unlike in headers.
void add_quotes(std::string& etag) {
  const bool bare = !etag.empty() && etag.front() != '"' && etag.back() != '"';
  if (bare) etag.insert(0, 1, '"').push_back('"');
}

Result<ListReply> parse(const Buffer& body, const std::string& what) {
  ListReply reply;
  ObjectInfo object;
  bool truncated = false;
  bool sizes_ok = true;
  const auto text = [&](std::string_view path, std::string value) {
    if (path == "/ListBucketResult/IsTruncated") {
      truncated = value == "true";
    } else if (path == "/ListBucketResult/Contents/Key") {
      object.key = std::move(value);
    } else if (path == "/ListBucketResult/Contents/ETag") {
      object.etag = std::move(value);
      add_quotes(object.etag);
    } else if (path == "/ListBucketResult/Contents/LastModified") {
      object.modified = read_iso_date(value);
    } else if (path == "/ListBucketResult/Contents/Size") {
      const auto [end, error] =
          std::from_chars(value.data(), value.data() + value.size(), object.size);
      sizes_ok = sizes_ok && error == std::errc{} && end == value.data() + value.size();
    }
  };
  const auto close = [&](std::string_view path) {
    if (path == "/ListBucketResult/Contents") {
      reply.objects.push_back(std::exchange(object, ObjectInfo{}));
    }
  };
  const std::string_view document(reinterpret_cast<const char*>(body.data()), body.size());
  if (!walk_xml(document, text, close) || !sizes_ok) {
    return Status(Code::corrupt, what + ": the list of objects is not well-formed XML");
  }
  std::sort(reply.objects.begin(), reply.objects.end(),
            [](const ObjectInfo& a, const ObjectInfo& b) { return a.key < b.key; });
  if (truncated && !reply.objects.empty()) reply.next = reply.objects.back().key;
  return reply;
}

}  // namespace

void list_objects(Client& client, const ListRequest& request, Done<ListReply> done) {
  const auto asked = std::make_shared<Request>();
  asked->method = "GET";
  asked->operation = "ListObjectsV2";
  asked->query = "list-type=2&max-keys=" + std::to_string(std::min(request.limit, kMaxPage)) +
                 "&prefix=" + encode_query(request.prefix);
  if (!request.after.empty()) asked->query += "&start-after=" + encode_query(request.after);
  asked->done = [what = describe(*asked, client.target()) + "/" + request.prefix,
                 done = std::move(done)](Result<Answer> answer) {
    if (!answer.ok()) return done(answer.status());
    answer->body.shrink(answer->received);
    done(parse(answer->body, what));
  };
  client.send(asked);
}

}  // namespace arraymorph::store::s3
