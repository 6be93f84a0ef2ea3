#include "store/s3/upload_answer.h"

#include <charconv>
#include <utility>

#include "runtime/log.h"
#include "store/s3/xml.h"

namespace arraymorph::store::s3 {
namespace {

constexpr std::size_t kLongestId = 4096;

template <class T>
bool read_number(const std::string& text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

Status wrong(const std::string& what, const char* expected) {
  return {Code::corrupt, what + ": the answer is not " + expected};
}

void append_escaped(std::string& text, std::string_view value) {
  for (const char c : value) {
    switch (c) {
      case '&':
        text += "&amp;";
        break;
      case '<':
        text += "&lt;";
        break;
      case '>':
        text += "&gt;";
        break;
      default:
        text += c;
    }
  }
}

}  // namespace

std::string write_parts(const std::map<std::size_t, std::string>& tags) {
  std::string text = "<CompleteMultipartUpload>";
  for (const auto& [number, tag] : tags) {
    text += "<Part><PartNumber>" + std::to_string(number + 1) + "</PartNumber><ETag>";
    append_escaped(text, tag);
    text += "</ETag></Part>";
  }
  return text + "</CompleteMultipartUpload>";
}

Result<std::string> read_upload_id(std::string_view document, const std::string& what) {
  std::string id;
  const bool formed = walk_xml(
      document,
      [&](std::string_view path, std::string value) {
        if (path == "/InitiateMultipartUploadResult/UploadId") id = std::move(value);
      },
      [](std::string_view) {});
  if (!formed || id.empty() || id.size() > kLongestId) return wrong(what, "a new upload's id");
  return id;
}

Result<PartsPage> read_parts(std::string_view document, const std::string& what) {
  PartsPage page;
  ListedPart part;
  bool truncated = false;
  bool good = true;
  bool is_list = false;
  std::size_t next = 0;
  const auto text = [&](std::string_view path, std::string value) {
    if (path == "/ListPartsResult/IsTruncated") {
      truncated = value == "true";
    } else if (path == "/ListPartsResult/NextPartNumberMarker") {
      good = good && read_number(value, next);
    } else if (path == "/ListPartsResult/Part/PartNumber") {
      good = good && read_number(value, part.number);
    } else if (path == "/ListPartsResult/Part/Size") {
      good = good && read_number(value, part.size);
    } else if (path == "/ListPartsResult/Part/ETag") {
      part.etag = std::move(value);
    }
  };
  const auto close = [&](std::string_view path) {
    if (path == "/ListPartsResult") is_list = true;
    if (path == "/ListPartsResult/Part") page.parts.push_back(std::exchange(part, ListedPart{}));
  };
  if (!walk_xml(document, text, close) || !good || !is_list) {
    return wrong(what, "a list of parts");
  }
  if (truncated && next == 0) return wrong(what, "a list of parts that says how it goes on");
  if (truncated) page.next = next;
  return page;
}

Result<PutReply> read_completed(std::string_view document, const std::string& what) {
  PutReply reply;
  std::string code;
  std::string message;
  bool completed = false;
  const bool formed = walk_xml(
      document,
      [&](std::string_view path, std::string value) {
        if (path == "/CompleteMultipartUploadResult/ETag") {
          reply.etag = std::move(value);
        } else if (path == "/Error/Code") {
          code = std::move(value);
        } else if (path == "/Error/Message") {
          message = std::move(value);
        }
      },
      [&](std::string_view path) { completed |= path == "/CompleteMultipartUploadResult"; });
  if (!code.empty()) {
    const bool condition = code == "PreconditionFailed";
    return Status(condition ? Code::conflict : Code::unavailable,
                  what + ": 200, but " + printable(code, 100) + ": " + printable(message, 500));
  }
  if (!formed || !completed) return wrong(what, "that of a completed upload");
  if (!reply.etag.empty() && reply.etag.front() != '"') reply.etag = "\"" + reply.etag + "\"";
  return reply;
}

}  // namespace arraymorph::store::s3
