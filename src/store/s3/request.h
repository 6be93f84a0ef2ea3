// One S3 request as data: what is asked, and what came back.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arraymorph/buffer.h"
#include "arraymorph/object_store.h"
#include "arraymorph/status.h"

namespace arraymorph::store::s3 {

/// What the server answered with success.
struct Answer {
  int status = 0;
  std::string etag;
  std::string content_range;
  std::string last_modified;
  std::uint64_t content_length = 0;
  bool has_length = false;
  std::optional<std::uint32_t> checksum;  ///< see PutRequest::checksum
  Buffer body;                            ///< not used when Request::into is
  std::size_t received = 0;               ///< bytes of the body
};

struct Request {
  const char* method = "";     ///< "GET"
  const char* operation = "";  ///< "GetObject": S3's name, which the engine acts on
  std::string key;             ///< empty: the bucket itself
  std::string query;           ///< encoded, without '?'
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<ByteRange> range;
  std::shared_ptr<const Buffer> body;
  std::string payload_hash;  ///< SHA-256 of the body, hexadecimal, where payloads are signed
  PutCondition::Kind condition = PutCondition::Kind::always;
  ByteSpan into;               ///< see GetRequest::into
  std::size_t in_place = 0;    ///< the engine receives up to so many bytes itself; 0: on_body does
  std::size_t set_aside = 0;   ///< bytes allocated for the body before it arrives
  std::uint64_t expected = 0;  ///< bytes of the body that may come, where the caller knows a bound
  std::size_t most = 0;        ///< a longer body is refused; 0: none is too long
  std::function<void(Result<Answer>)> done;

  // State of the attempt under way.
  Answer answer;
  bool overflow = false;       ///< the body does not fit into `into` or is longer than `most`
  bool out_of_memory = false;  ///< there is none for the body
  std::chrono::steady_clock::time_point attempt_begun;

  // State of all attempts, kept by Client.
  std::optional<std::chrono::steady_clock::time_point> begun;  ///< the first of them
  unsigned attempts = 0;                                       ///< made, the one under way included
  unsigned failures = 0;                                       ///< of these, failed
  bool lost = false;        ///< one of them may have done its work without an answer
  bool expired = false;     ///< cancelled at the deadline
  bool repeated = false;    ///< asked once more after a damaged answer
  bool renewed = false;     ///< asked once more with new credentials
  unsigned generation = 0;  ///< of the credentials of the last attempt
  std::string region;       ///< the last attempt was signed for
  bool asked_why = false;   ///< a GET in place of this HEAD was sent for its words
  Status refusal;           ///< of that HEAD
  bool moved = false;       ///< asked once more in the region that the server named
  std::string cause;        ///< why the last attempt failed
  int failed_status = 0;    ///< the HTTP status it failed with, where there was one
  std::string location;     ///< where that answer sends on to (redirects)

  void begin_attempt();
  void on_header(std::string_view name, std::string_view value);
  /// False when no more of the body is wanted.
  bool on_body(ConstByteSpan piece);
  /// Where the body is received in place.
  ByteSpan room() { return into.empty() ? answer.body.span() : into; }
  /// After a success: false when the object does not fit where it was received in place.
  bool fits() const;
};

/// Where a checksum lies with its object.
inline constexpr std::string_view kChecksumHeader = "x-amz-meta-arraymorph-crc32c";

/// "bytes 0-99/1234".
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::optional<std::uint64_t> total;  ///< nothing: "*"
};

/// Nothing where `text` is not one, contradicts itself, or has a number of 2^63 or more.
std::optional<ContentRange> parse_content_range(std::string_view text);

/// The total of a Content-Range; 0 where the server does not tell.
std::uint64_t total_of(std::string_view content_range);

/// Percent-encodes everything but unreserved characters (RFC 3986) and, in a path, '/'.
std::string encode_path(std::string_view text);
std::string encode_query(std::string_view text);

}  // namespace arraymorph::store::s3
