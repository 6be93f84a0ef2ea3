#include "store/s3/request.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "runtime/checksum.h"

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

// Sizes are kept in signed numbers elsewhere.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const bool good = !text.empty() && error == std::errc{} && stop == end;
  return good && number >> 63 == 0 ? std::optional(number) : std::nullopt;
}

// Where the server names the length, that much is allocated at once, up to here: what it names may
// never come.
constexpr std::size_t kMaxAtOnce = 256 << 20;

std::size_t next_size(const Answer& answer, std::size_t needed) {
  const std::size_t doubled = 2 * needed;
  if (!answer.has_length) return doubled;
  const std::uint64_t named = answer.content_length;
  return std::max<std::uint64_t>(needed,
                                 std::min<std::uint64_t>(named, std::max(doubled, kMaxAtOnce)));
}

}  // namespace

std::string encode_path(std::string_view text) { return encode(text, true); }
std::string encode_query(std::string_view text) { return encode(text, false); }

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (!same_name(text.substr(0, kUnit.size()), kUnit) || dash == std::string_view::npos ||
      slash == std::string_view::npos || slash < dash) {
    return std::nullopt;
  }
  const auto first = parse_number(text.substr(kUnit.size(), dash - kUnit.size()));
  const auto last = parse_number(text.substr(dash + 1, slash - dash - 1));
  ContentRange range;
  if (text.substr(slash + 1) != "*") {
    range.total = parse_number(text.substr(slash + 1));
    if (!range.total) return std::nullopt;
  }
  if (!first || !last || *first > *last || (range.total && *last >= *range.total)) {
    return std::nullopt;
  }
  range.first = *first;
  range.last = *last;
  return range;
}

std::uint64_t total_of(std::string_view content_range) {
  const std::optional<ContentRange> range = parse_content_range(content_range);
  return range ? range->total.value_or(0) : 0;
}

void Request::begin_attempt() {
  answer = Answer{};
  overflow = false;
  out_of_memory = false;
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
    const std::optional<std::uint64_t> length = parse_number(value);
    answer.content_length = length.value_or(0);
    answer.has_length = length.has_value();
  } else if (same_name(name, kChecksumHeader)) {
    answer.checksum = parse_checksum(value);
  }
}

bool Request::on_body(ConstByteSpan piece) {
  if (piece.empty()) return true;
  const std::size_t needed = answer.received + piece.size();
  overflow = most > 0 && needed > most;
  if (overflow) return false;
  ByteSpan target = into;
  if (into.empty()) {
    if (answer.body.size() < needed) {
      Buffer larger(next_size(answer, needed));
      if (answer.received > 0) std::memcpy(larger.data(), answer.body.data(), answer.received);
      answer.body = std::move(larger);
    }
    target = answer.body.span();
  }
  overflow = target.size() < needed;
  if (overflow) return false;
  std::memcpy(target.data() + answer.received, piece.data(), piece.size());
  answer.received = needed;
  return true;
}

}  // namespace arraymorph::store::s3
