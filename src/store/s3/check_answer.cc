#include "store/s3/check_answer.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "runtime/log.h"

namespace arraymorph::store::s3 {
namespace {

constexpr std::uint64_t kMaxObject = 1ull << 50;  // S3's own limit is below

Verdict wrong(const Request& request, const Target& target, const std::string& what, Retry retry) {
  return {Status(Code::corrupt, describe(request, target) + ": " + what), retry};
}

std::string text_of(std::uint64_t first, std::uint64_t last) {
  return std::to_string(first) + "-" + std::to_string(last);
}

// A part of an object must be the part that was asked for, or its beginning where the object ends.
std::optional<Verdict> check_range(const Request& request, const Target& target) {
  const Answer& answer = request.answer;
  const ByteRange asked = request.range.value_or(ByteRange{0, request.in_place});
  const std::string range = "the server sent Content-Range '" +
                            printable(answer.content_range, 100) + "' for bytes " +
                            text_of(asked.offset, asked.offset + asked.length - 1);
  const std::optional<ContentRange> sent = parse_content_range(answer.content_range);
  if (!sent) return wrong(request, target, range, Retry::once);
  const std::uint64_t end = asked.offset + asked.length;
  const bool starts = sent->first == asked.offset && sent->last < end;
  // Without a total nobody knows whether a whole object has come.
  const bool ends =
      sent->total ? sent->last + 1 == std::min(end, *sent->total) : request.range.has_value();
  if (!starts || !ends) return wrong(request, target, range, Retry::once);
  if (answer.has_length && answer.content_length != sent->last - sent->first + 1) {
    return wrong(request, target,
                 range + ", but " + std::to_string(answer.content_length) + " of " +
                     std::to_string(sent->last - sent->first + 1) + " bytes",
                 Retry::later);
  }
  return std::nullopt;
}

bool is_get(const Request& request) { return std::string_view(request.method) == "GET"; }

}  // namespace

std::optional<Verdict> check_headers(const Request& request, const Target& target) {
  const Answer& answer = request.answer;
  if (answer.has_length && answer.content_length > kMaxObject) {
    return wrong(request, target,
                 "the server claims a body of " + std::to_string(answer.content_length) +
                     " bytes, more than any object has",
                 Retry::never);
  }
  if (!is_get(request)) return std::nullopt;
  if (answer.status == 206) {
    if (request.range || request.in_place > 0) return check_range(request, target);
    // Asked for as a whole.
    const std::optional<ContentRange> sent = parse_content_range(answer.content_range);
    const bool whole = sent && sent->first == 0 && sent->total == sent->last + 1;
    if (whole) return std::nullopt;
    return wrong(request, target,
                 "the server sent a part, Content-Range '" + printable(answer.content_range, 100) +
                     "', of the object that was asked for as a whole",
                 Retry::once);
  }
  if (request.range) {
    std::string words = describe(request, target) + ": the server ignores the Range header";
    if (target.judge != nullptr) {
      words +=
          " and sends the whole file (as `python -m http.server` does): download the file, or "
          "have it served with byte ranges";
    }
    return Verdict{Status(Code::unsupported, words), Retry::never};
  }
  return std::nullopt;
}

std::optional<Verdict> check_answer(const Request& request, const Target& target) {
  if (std::optional<Verdict> found = check_headers(request, target)) return found;
  if (!is_get(request)) return std::nullopt;
  const Answer& answer = request.answer;
  std::uint64_t expected = answer.has_length ? answer.content_length : answer.received;
  if (const auto sent = parse_content_range(answer.content_range); sent && answer.status == 206) {
    expected = sent->last - sent->first + 1;
  }
  if (answer.received == expected) return std::nullopt;
  return wrong(
      request, target,
      std::to_string(answer.received) + " of " + std::to_string(expected) + " bytes arrived",
      Retry::later);
}

}  // namespace arraymorph::store::s3
