#include "store/s3/list_answer.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "runtime/log.h"
#include "store/s3/date.h"
#include "store/s3/xml.h"

namespace arraymorph::store::s3 {
namespace {

// Some servers send the tag without its quotes here, unlike in headers.
void add_quotes(std::string& etag) {
  const bool bare = !etag.empty() && etag.front() != '"' && etag.back() != '"';
  if (bare) etag.insert(0, 1, '"').push_back('"');
}

/// What the document says, in its own order.
struct Page {
  ListReply reply;
  bool is_list = false;  ///< the root is that of a list
  bool truncated = false;
  bool sizes_ok = true;
  std::string token;  ///< where the next page of a delimited list starts
};

bool read_page(std::string_view document, Page& page) {
  ObjectInfo object;
  const auto text = [&](std::string_view path, std::string value) {
    if (path == "/ListBucketResult") {
      page.is_list = true;
    } else if (path == "/ListBucketResult/IsTruncated") {
      page.truncated = value == "true";
    } else if (path == "/ListBucketResult/NextContinuationToken") {
      page.token = std::move(value);
    } else if (path == "/ListBucketResult/CommonPrefixes/Prefix") {
      page.reply.prefixes.push_back(std::move(value));
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
      page.sizes_ok = page.sizes_ok && error == std::errc{} && end == value.data() + value.size();
    }
  };
  const auto close = [&](std::string_view path) {
    if (path == "/ListBucketResult") {
      page.is_list = true;
    } else if (path == "/ListBucketResult/Contents") {
      page.reply.objects.push_back(std::exchange(object, ObjectInfo{}));
    }
  };
  return walk_xml(document, text, close);
}

Status not_asked_for(const std::string& key, const std::string& what) {
  return {Code::corrupt,
          what + ": the list of objects has '" + printable(key) + "', which was not asked for"};
}

// What a server does not group by folders is grouped here.
Result<ListReply> read_folder(Page page, const ListRequest& request, const std::string& what) {
  const std::size_t base = request.prefix.size();
  ListReply reply;
  reply.prefixes = std::move(page.reply.prefixes);
  for (ObjectInfo& object : page.reply.objects) {
    if (!object.key.starts_with(request.prefix)) return not_asked_for(object.key, what);
    const std::size_t slash = object.key.find('/', base);
    if (slash != std::string::npos) {
      reply.prefixes.push_back(object.key.substr(0, slash + 1));
    } else if (object.key.size() > base) {  // else the marker of the folder itself
      reply.objects.push_back(std::move(object));
    }
  }
  for (const std::string& folder : reply.prefixes) {
    if (!folder.starts_with(request.prefix) || folder.find('/', base) != folder.size() - 1) {
      return not_asked_for(folder, what);
    }
  }
  std::sort(reply.prefixes.begin(), reply.prefixes.end());
  reply.prefixes.erase(std::unique(reply.prefixes.begin(), reply.prefixes.end()),
                       reply.prefixes.end());
  std::sort(reply.objects.begin(), reply.objects.end(),
            [](const ObjectInfo& a, const ObjectInfo& b) { return a.key < b.key; });
  if (page.truncated && (page.token.empty() || page.token == request.after)) {
    return Status(Code::corrupt, what + ": the list goes on, but it says not where");
  }
  if (page.truncated) reply.next = std::move(page.token);
  return reply;
}

}  // namespace

Result<ListReply> read_list(std::string_view document, const ListRequest& request,
                            const std::string& what) {
  Page page;
  if (!read_page(document, page) || !page.sizes_ok) {
    return Status(Code::corrupt, what + ": the list of objects is not well-formed XML");
  }
  // An empty body or somebody else's page must not pass for "no objects".
  if (!page.is_list) {
    return Status(Code::corrupt, what + ": the answer is not a list of objects");
  }
  ListReply& reply = page.reply;
  if (request.delimited) return read_folder(std::move(page), request, what);
  reply.prefixes.clear();
  for (const ObjectInfo& object : reply.objects) {
    if (!object.key.starts_with(request.prefix) || object.key <= request.after) {
      return Status(Code::corrupt,
                    what + ": the list of objects has '" + printable(object.key) +
                        "', which was not asked for" +
                        (request.after.empty() ? "" : " after '" + request.after + "'"));
    }
  }
  std::sort(reply.objects.begin(), reply.objects.end(),
            [](const ObjectInfo& a, const ObjectInfo& b) { return a.key < b.key; });
  // A server may send more than it was asked for.
  const bool more = page.truncated || reply.objects.size() > request.limit;
  if (reply.objects.size() > request.limit) reply.objects.resize(request.limit);
  if (more && reply.objects.empty()) {
    return Status(Code::corrupt, what + ": the list goes on, but it says not after which key");
  }
  if (more) reply.next = reply.objects.back().key;
  return std::move(reply);
}

}  // namespace arraymorph::store::s3
