#include "runtime/config.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <optional>
#include <string_view>

#include "runtime/config/limits.h"
#include "runtime/config/parse.h"
#include "runtime/config/presets.h"
#include "runtime/config/s3_settings.h"
#include "runtime/config/variables.h"
#include "runtime/log.h"
#include "runtime/trace.h"

namespace arraymorph {
namespace {

using config::environment;
using config::equal_any_case;
using config::parse_flag;
using config::read_choice;
using config::refuse;

constexpr std::array<std::string_view, 5> kLinkSchemes = {"s3://", "https://", "http://",
                                                          "file:///", "memory://"};

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

template <class Number>
Status read_number(const char* name, std::uint64_t least, std::uint64_t most, Number& number) {
  return config::read_number(name, least, most, number).status();
}

// A program may have many workers, each with memory of its own.
std::uint64_t plain_cache_bytes() {
  constexpr std::uint64_t least = 128ull << 20;
  constexpr std::uint64_t most = 1ull << 30;
  return std::clamp(config::memory_bytes() / 32, least, most);
}

Status read_numbers(Config& config) {
  constexpr std::uint64_t any = std::numeric_limits<std::int64_t>::max();
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_CACHE_BYTES", 0, any, config.cache_bytes));
  config.plain_cache_bytes = plain_cache_bytes();
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_PLAIN_CACHE_BYTES", 0, any, config.plain_cache_bytes));
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_IN_FLIGHT_BYTES", 0, any, config.in_flight_bytes));
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_READ_AHEAD", 0, any, config.read_ahead_bytes));
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_INLINE_BYTES", 0, any, config.inline_bytes));
  constexpr std::uint64_t most_piece = std::numeric_limits<std::uint32_t>::max();  // of any chunk
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_PIECE_BYTES", 1, most_piece, config.piece_bytes));
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_RETRIES", 0, 100, config.retries));
  ARRAYMORPH_TRY(read_number("ARRAYMORPH_DEADLINE", 1, 86400, config.deadline_seconds));
  return read_number("ARRAYMORPH_TIMEOUT", 1, 3600, config.timeout_seconds);
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

// Blanks around a prefix do not count.
Status read_allow_links(Config& config) {
  const std::string text = environment("ARRAYMORPH_ALLOW_LINKS");
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view each = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), each.size() + 1));
    while (each.starts_with(' ')) each.remove_prefix(1);
    while (each.ends_with(' ')) each.remove_suffix(1);
    if (each.empty()) continue;
    const bool known =
        std::any_of(kLinkSchemes.begin(), kLinkSchemes.end(),
                    [&](std::string_view scheme) { return each.starts_with(scheme); });
    if (!known) {
      return refuse("ARRAYMORPH_ALLOW_LINKS", text,
                    "URL prefixes with commas between them: s3://bucket/, https://host/, "
                    "file:///directory/, memory://store/");
    }
    config.allow_links.emplace_back(each);
  }
  return Status();
}

// As the XDG base directory specification says: relative paths do not count.
std::string cache_directory() {
  const std::string cache = environment("XDG_CACHE_HOME");
  if (cache.starts_with('/')) return cache + "/arraymorph";
  const std::string home = environment("HOME");
  return home.starts_with('/') ? home + "/.cache/arraymorph" : "";
}

// As Python's tempfile does; a relative directory, or the root of all, is none.
std::string temporary_directory() {
  for (const char* name : {"TMPDIR", "TEMP", "TMP"}) {
    std::string directory = environment(name);
    while (directory.ends_with('/')) directory.pop_back();
    if (directory.starts_with('/')) return directory;
  }
  return "/tmp";
}

}  // namespace

Result<Config> config_from_environment() {
  Config config;
  ARRAYMORPH_TRY(read_log_level());
  config::warn_about_unknown_variables();
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
  config::read_s3_variables(config.s3);
  ARRAYMORPH_TRY(read_anonymous(config));
  ARRAYMORPH_TRY(config::read_speed(config));
  ARRAYMORPH_TRY(read_numbers(config));
  ARRAYMORPH_TRY(read_choice("ARRAYMORPH_CHECKSUMS", {"off", "crc32c", "etag"}, config.checksums));
  ARRAYMORPH_TRY(read_choice("ARRAYMORPH_WRITE", {"in-place", "new-objects"}, config.write_mode));
  ARRAYMORPH_TRY(
      read_choice("ARRAYMORPH_ON_CONFLICT", {"fail", "overwrite", "discard"}, config.on_conflict));
  ARRAYMORPH_TRY(read_allow_links(config));
  ARRAYMORPH_TRY(read_choice("ARRAYMORPH_PROBE", {"auto", "always", "off"}, config.probe));
  config.cache_directory = cache_directory();
  config.temporary_directory = temporary_directory();
  return config;
}

}  // namespace arraymorph
