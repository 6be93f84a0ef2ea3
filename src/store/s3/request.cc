#include "store/s3/request.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace arraymorph::store::s3 {
namespace {

std::string encode(std::string_view text, bool keep_slash) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~' || (keep_slash && c == '/');
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

bool same_name(std::string_view name, std::string_view wanted) {
  return name.size() == wanted.size() && strncasecmp(name.data(), wanted.data(), name.size()) == 0;
}

}  // namespace

std::string encode_path(std::string_view text) { return encode(text, true); }
std::string encode_query(std::string_view text) { return encode(text, false); }

std::uint64_t total_of(std::string_view content_range) {
  const std::size_t slash = content_range.rfind('/');
  std::uint64_t total = 0;
  if (slash != std::string_view::npos) {
    std::from_chars(content_range.data() + slash + 1, content_range.data() + content_range.size(),
                    total);
  }
  return total;
}

void Request::begin_attempt() {
  answer = Answer{};
  overflow = false;
  if (in_place > 0 && into.empty()) answer.body = Buffer(in_place);
}

bool Request::fits() const {
  return in_place == 0 || range || total_of(answer.content_range) <= in_place;
}

void Request::on_header(std::string_view name, std::string_view value) {
  if (same_name(name, "etag")) {
    answer.etag = value;
  } else if (same_name(name, "content-range")) {
    answer.content_range = value;
  } else if (same_name(name, "last-modified")) {
    answer.last_modified = value;
  } else if (same_name(name, "content-length")) {
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), answer.content_length);
    answer.has_length = error == std::errc{} && end == value.data() + value.size();
  }
}

void Request::on_body(ConstByteSpan piece) {
  if (piece.empty()) return;
  const std::size_t needed = answer.received + piece.size();
  ByteSpan target = into;
  if (into.empty()) {
    if (answer.body.size() < needed) {
      // One allocation where the server names the length, else doubling.
      const std::size_t known =
          answer.has_length ? static_cast<std::size_t>(answer.content_length) : 2 * needed;
      Buffer larger(std::max(needed, known));
      if (answer.received > 0) std::memcpy(larger.data(), answer.body.data(), answer.received);
      answer.body = std::move(larger);
    }
    target = answer.body.span();
  }
  if (target.size() < needed) {
    overflow = true;
    return;
  }
  std::memcpy(target.data() + answer.received, piece.data(), piece.size());
  answer.received = needed;
}

}  // namespace arraymorph::store::s3
