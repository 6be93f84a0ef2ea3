#include "runtime/config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <optional>
#include <string_view>
#include <thread>

#include "runtime/log.h"
#include "runtime/parse.h"
#include "runtime/trace.h"

namespace arraymorph {
namespace {

constexpr std::array kVariables = std::to_array<Variable>({
    {"STORAGE_PLATFORM", "S3 | Local | Memory", "S3 when BUCKET_NAME is set",
     "where names without a URL scheme go"},
    {"BUCKET_NAME", "bucket", "", "bucket of names without a URL scheme"},
    {"ARRAYMORPH_ROOT", "directory", "", "root of names without a URL scheme (Local)"},
    {"AWS_ENDPOINT_URL_S3", "http(s)://host[:port][/path]", "AWS_ENDPOINT_URL, else AWS",
     "server that speaks the S3 protocol"},
    {"AWS_ENDPOINT_URL", "http(s)://host[:port][/path]", "", "the same for all AWS services"},
    {"AWS_REGION", "region", "AWS_DEFAULT_REGION, else us-east-1", "region of the bucket"},
    {"AWS_DEFAULT_REGION", "region", "", "region where AWS_REGION is not set"},
    {"AWS_ACCESS_KEY_ID", "key id", "profile, then provider chain", "credentials"},
    {"AWS_SECRET_ACCESS_KEY", "secret", "profile, then provider chain", "credentials"},
    {"AWS_SESSION_TOKEN", "token", "", "token of temporary credentials"},
    {"AWS_PROFILE", "profile", "default", "profile in the shared credentials file"},
    {"ARRAYMORPH_ANONYMOUS", "true | false", "false", "requests without a signature"},
    {"AWS_S3_ADDRESSING_STYLE", "path | virtual | auto", "auto",
     "auto: path with an endpoint, virtual on AWS"},
    {"AWS_USE_TLS", "true | false", "", "TLS for an endpoint without a scheme"},
    {"AWS_SIGNED_PAYLOADS", "true | false", "false over https, true over http",
     "sign request bodies"},
    {"AWS_CA_BUNDLE", "file", "the system's", "certificates that https endpoints may use"},
    {"ARRAYMORPH_CONNECTIONS", "1 to 4096", "64", "connections to one S3 endpoint or web server"},
    {"ARRAYMORPH_CODEC_THREADS", "1 to 1024", "number of cores", "threads that run filters"},
    {"ARRAYMORPH_CACHE_BYTES", "size", "256M", "decoded chunks kept in memory"},
    {"ARRAYMORPH_IN_FLIGHT_BYTES", "size", "256M", "bodies of requests under way"},
    {"ARRAYMORPH_READ_AHEAD", "size, 0: off", "64M",
     "chunks fetched ahead of a loop over an array"},
    {"ARRAYMORPH_INLINE_BYTES", "size", "64K", "smaller datasets lie in the metadata object"},
    {"ARRAYMORPH_PIECE_BYTES", "size, 1 to 4294967295", "8M",
     "pieces a contiguous dataset is split into"},
    {"ARRAYMORPH_WRITE", "in-place | new-objects", "in-place",
     "where chunks of committed data go that are written again"},
    {"ARRAYMORPH_ON_CONFLICT", "fail | overwrite | discard", "fail",
     "what a commit does when somebody else has committed since the file was opened"},
    {"ARRAYMORPH_RETRIES", "0 to 100", "5", "attempts after a transient failure"},
    {"ARRAYMORPH_TIMEOUT", "1 to 3600 seconds", "30", "wait for a silent server"},
    {"ARRAYMORPH_DEADLINE", "1 to 86400 seconds", "120",
     "all attempts of a request together, and 1 s more for each 64 KiB of its body"},
    {"ARRAYMORPH_CHECKSUMS", "off | crc32c | etag", "crc32c",
     "checksums kept with chunks and verified when they are read whole"},
    {"ARRAYMORPH_PROBE", "auto | always | off", "auto",
     "try out whether the server honours conditional PUTs"},
    {"ARRAYMORPH_LOG", "error | warn | info | debug | off", "warn", "messages on stderr"},
    {"ARRAYMORPH_TRACE", "file", "", "every request goes there, one line of JSON each"},
});

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string first_of(const char* name, const char* otherwise) {
  std::string value = environment(name);
  return value.empty() ? environment(otherwise) : value;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  std::string_view suffix = text.substr(static_cast<std::size_t>(end - text.data()));
  unsigned shift = 0;
  if (!suffix.empty()) {
    const std::string_view units = "KMGkmg";
    const std::size_t unit = units.find(suffix.front());
    if (unit == std::string_view::npos) return std::nullopt;
    shift = 10 * static_cast<unsigned>(unit % 3 + 1);
    suffix.remove_prefix(1);
    if (!suffix.empty() && suffix != "B" && suffix != "iB") return std::nullopt;
  }
  if (number > (std::numeric_limits<std::uint64_t>::max() >> shift)) return std::nullopt;
  return number << shift;
}

template <class Number>
Status read_number(const char* name, std::uint64_t least, std::uint64_t most, Number& number) {
  const std::string text = environment(name);
  if (text.empty()) return Status();
  const std::optional<std::uint64_t> value = parse_size(text);
  if (!value || *value < least || *value > most) {
    return refuse(name, text,
                  "whole numbers from " + std::to_string(least) + " to " + std::to_string(most) +
                      ", also with K, M or G behind");
  }
  number = static_cast<Number>(*value);
  return Status();
}

Status read_platform(Config& config) {
  const std::string text = environment("STORAGE_PLATFORM");
  if (text.empty()) {
    if (!config.bucket.empty()) config.platform = Platform::s3;
    return Status();
  }
  if (equal_any_case(text, "s3")) {
    config.platform = Platform::s3;
  } else if (equal_any_case(text, "local")) {
    config.platform = Platform::local;
  } else if (equal_any_case(text, "memory")) {
    config.platform = Platform::memory;
  } else {
    return refuse("STORAGE_PLATFORM", text, "S3, Local, Memory");
  }
  return Status();
}

Status read_numbers(Config& config) {
  constexpr std::uint64_t any = std::numeric_limits<std::int64_t>::max();
  config.codec_threads = std::max(1u, std::thread::hardware_concurrency());
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_CONNECTIONS", 1, 4096, config.connections));
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_CODEC_THREADS", 1, 1024, config.codec_threads));
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_CACHE_BYTES", 0, any, config.cache_bytes));
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_IN_FLIGHT_BYTES", 0, any, config.in_flight_bytes));
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_READ_AHEAD", 0, any, config.read_ahead_bytes));
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_INLINE_BYTES", 0, any, config.inline_bytes));
  constexpr std::uint64_t most_piece = std::numeric_limits<std::uint32_t>::max();  // of any chunk
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_PIECE_BYTES", 1, most_piece, config.piece_bytes));
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_RETRIES", 0, 100, config.retries));
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_DEADLINE", 1, 86400, config.deadline_seconds));
  return read_number("ARRAYMORPH_TIMEOUT", 1, 3600, config.timeout_seconds);
}

// `names` in the order of the enumeration.
template <class Value>
Status read_choice(const char* name, std::initializer_list<const char*> names, Value& value) {
  const std::string text = environment(name);
  if (text.empty()) return Status();
  std::string allowed;
  int number = 0;
  for (const char* each : names) {
    if (equal_any_case(text, each)) {
      value = static_cast<Value>(number);
      return Status();
    }
    ++number;
    allowed.append(allowed.empty() ? "" : ", ").append(each);
  }
  return refuse(name, text, allowed);
}

Status read_anonymous(Config& config) {
  const std::string text = environment("ARRAYMORPH_ANONYMOUS");
  if (text.empty()) return Status();
  ARRAYMORPH_ASSIGN(config.s3.anonymous, parse_flag("ARRAYMORPH_ANONYMOUS", text));
  return Status();
}

Status read_log_level() {
  const std::string text = environment("ARRAYMORPH_LOG");
  const auto level = text.empty() ? LogLevel::warn : parse_log_level(text);
  if (!level) return refuse("ARRAYMORPH_LOG", text, "error, warn, info, debug, off");
  set_log_level(*level);
  return Status();
}

// As the XDG base directory specification says: relative paths do not count.
std::string cache_directory() {
  const std::string cache = environment("XDG_CACHE_HOME");
  if (cache.starts_with('/')) return cache + "/arraymorph";
  const std::string home = environment("HOME");
  return home.starts_with('/') ? home + "/.cache/arraymorph" : "";
}

}  // namespace

Result<Config> config_from_environment() {
  Config config;
  ARRAYMORPH_TRY(read_log_level());
  ARRAYMORPH_TRY(trace::write_to(environment("ARRAYMORPH_TRACE")));
  config.bucket = environment("BUCKET_NAME");
  ARRAYMORPH_TRY(read_platform(config));
  config.root = environment("ARRAYMORPH_ROOT");
  if (!config.root.empty()) {
    std::error_code error;
    config.root = std::filesystem::absolute(config.root, error).lexically_normal().string();
    if (error) return refuse("ARRAYMORPH_ROOT", config.root, "a directory");
    while (config.root.size() > 1 && config.root.ends_with('/')) config.root.pop_back();
  }
  S3Settings& s3 = config.s3;
  s3.endpoint = first_of("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL");
  s3.region = first_of("AWS_REGION", "AWS_DEFAULT_REGION");
  if (s3.region.empty()) s3.region = "us-east-1";
  s3.addressing_style = environment("AWS_S3_ADDRESSING_STYLE");
  s3.use_tls = environment("AWS_USE_TLS");
  s3.signed_payloads = environment("AWS_SIGNED_PAYLOADS");
  s3.ca_bundle = environment("AWS_CA_BUNDLE");
  ARRAYMORPH_TRY(read_anonymous(config));
  ARRAYMORPH_TRY(read_numbers(config));
  ARRAYMORPH_TRY(read_choice("ARRAYMORPH_CHECKSUMS", {"off", "crc32c", "etag"}, config.checksums));
  ARRAYMORPH_TRY(read_choice("ARRAYMORPH_WRITE", {"in-place", "new-objects"}, config.write_mode));
  ARRAYMORPH_TRY(
      read_choice("ARRAYMORPH_ON_CONFLICT", {"fail", "overwrite", "discard"}, config.on_conflict));
  ARRAYMORPH_TRY(read_choice("ARRAYMORPH_PROBE", {"auto", "always", "off"}, config.probe));
  config.cache_directory = cache_directory();
  return config;
}

std::span<const Variable> variables() { return kVariables; }

}  // namespace arraymorph
