#include "runtime/config/variables.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/config.h"
#include "runtime/log.h"

#ifdef __APPLE__
#include <crt_externs.h>
#else
extern char** environ;  // NOLINT(readability-redundant-declaration): not in every <unistd.h>
#endif

namespace arraymorph {
namespace {

constexpr std::array kVariables = std::to_array<Variable>({
    {"STORAGE_PLATFORM", "S3 | Local | Memory", "S3 when BUCKET_NAME is set",
     "where names without a URL scheme go"},
    {"BUCKET_NAME", "bucket", "", "bucket of names without a URL scheme"},
    {"ARRAYMORPH_ROOT", "directory", "", "root of names without a URL scheme (Local)"},

    {"ARRAYMORPH_ALLOW_LINKS", "URL prefixes, with commas between them", "",
     "what files in stores may lead to outside of their own store"},

    {"ARRAYMORPH_ENDPOINT_URL", "http(s)://host[:port][/path]", "AWS_ENDPOINT_URL_S3",
     "server that speaks the S3 protocol"},
    {"AWS_ENDPOINT_URL_S3", "http(s)://host[:port][/path]", "AWS_ENDPOINT_URL",
     "the same, for all programs that use S3"},
    {"AWS_ENDPOINT_URL", "http(s)://host[:port][/path]", "profile, else AWS",
     "the same, for all AWS services"},
    {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true | false", "profile, else false",
     "only ARRAYMORPH_ENDPOINT_URL counts"},
    {"ARRAYMORPH_REGION", "region", "AWS_REGION", "region of the bucket"},
    {"AWS_REGION", "region", "AWS_DEFAULT_REGION", "the same, for all AWS programs"},
    {"AWS_DEFAULT_REGION", "region", "profile, else us-east-1", "the same"},
    {"ARRAYMORPH_ADDRESSING_STYLE", "path | virtual | auto", "AWS_S3_ADDRESSING_STYLE",
     "auto: path with an endpoint, virtual on AWS"},
    {"AWS_S3_ADDRESSING_STYLE", "path | virtual | auto", "profile, else auto", "the same"},
    {"ARRAYMORPH_USE_TLS", "true | false", "AWS_USE_TLS", "TLS for an endpoint without a scheme"},
    {"AWS_USE_TLS", "true | false", "", "the same"},
    {"ARRAYMORPH_SIGNED_PAYLOADS", "true | false", "AWS_SIGNED_PAYLOADS", "sign request bodies"},
    {"AWS_SIGNED_PAYLOADS", "true | false", "false over https, true over http", "the same"},
    {"ARRAYMORPH_CA_BUNDLE", "file", "AWS_CA_BUNDLE", "certificates that https endpoints may use"},
    {"AWS_CA_BUNDLE", "file", "profile, else the system's", "the same, for all AWS programs"},

    {"ARRAYMORPH_ACCESS_KEY_ID", "key id", "AWS_ACCESS_KEY_ID", "credentials"},
    {"ARRAYMORPH_SECRET_ACCESS_KEY", "secret", "AWS_SECRET_ACCESS_KEY", "credentials"},
    {"ARRAYMORPH_SESSION_TOKEN", "token", "", "token of temporary credentials"},
    {"AWS_ACCESS_KEY_ID", "key id", "profile, then provider chain", "credentials"},
    {"AWS_SECRET_ACCESS_KEY", "secret", "profile, then provider chain", "credentials"},
    {"AWS_SESSION_TOKEN", "token", "", "token of temporary credentials"},
    {"ARRAYMORPH_PROFILE", "profile", "AWS_PROFILE",
     "profile in the shared files, before AWS_ACCESS_KEY_ID"},
    {"AWS_PROFILE", "profile", "default", "profile in the shared files"},
    {"AWS_CONFIG_FILE", "file", "~/.aws/config", "settings of profiles"},
    {"AWS_SHARED_CREDENTIALS_FILE", "file", "~/.aws/credentials", "credentials of profiles"},
    {"ARRAYMORPH_ANONYMOUS", "true | false", "false", "requests without a signature"},

    {"ARRAYMORPH_PRESET", "auto | local | production", "auto",
     "numbers of connections, event loops and codec threads"},
    {"ARRAYMORPH_CONNECTIONS", "1 to 4096", "64", "connections to one S3 endpoint or web server"},
    {"ARRAYMORPH_EVENT_LOOPS", "1 to 256", "number of cores, at most 16",
     "threads that serve the connections"},
    {"ARRAYMORPH_CODEC_THREADS", "1 to 1024", "number of cores", "threads that run filters"},
    {"ARRAYMORPH_CACHE_BYTES", "size", "256M", "decoded chunks kept in memory"},
    {"ARRAYMORPH_PLAIN_CACHE_BYTES", "size", "a 32nd of the memory, 128M to 1G",
     "bytes of plain HDF5 files kept in memory"},
    {"ARRAYMORPH_IN_FLIGHT_BYTES", "size", "256M", "bodies of requests under way"},
    {"ARRAYMORPH_READ_AHEAD", "size, 0: off", "64M",
     "chunks fetched ahead of a loop over an array"},

    {"ARRAYMORPH_WRITE", "in-place | new-objects", "in-place",
     "where chunks of committed data go that are written again"},
    {"ARRAYMORPH_ON_CONFLICT", "fail | overwrite | discard", "fail",
     "what a commit does when somebody else has committed since the file was opened"},
    {"ARRAYMORPH_INLINE_BYTES", "size", "64K", "smaller datasets lie in the metadata object"},
    {"ARRAYMORPH_PIECE_BYTES", "size, 1 to 4294967295", "8M",
     "pieces a contiguous dataset is split into"},
    {"ARRAYMORPH_CHECKSUMS", "off | crc32c | etag", "crc32c",
     "checksums kept with chunks and verified when they are read whole"},
    {"ARRAYMORPH_PROBE", "auto | always | off", "auto",
     "try out whether the server honours conditional PUTs"},

    {"ARRAYMORPH_RETRIES", "0 to 100", "5", "attempts after a transient failure"},
    {"ARRAYMORPH_TIMEOUT", "1 to 3600 seconds", "30", "wait for a silent server"},
    {"ARRAYMORPH_DEADLINE", "1 to 86400 seconds", "120",
     "all attempts of a request together, and 1 s more for each 64 KiB of its body"},
    {"ARRAYMORPH_LOG", "error | warn | info | debug | off", "warn", "messages on stderr"},
    {"ARRAYMORPH_TRACE", "file", "", "every request goes there, one line of JSON each"},
});

constexpr std::string_view kPrefix = "ARRAYMORPH_";

// Insertions, removals and replacements of single letters that lead from one to the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

std::string_view closest(std::string_view name) {
  const auto* const found = std::min_element(
      kVariables.begin(), kVariables.end(), [&](const Variable& a, const Variable& b) {
        return distance(name, a.name) < distance(name, b.name);
      });
  return found->name;
}

bool known(std::string_view name) {
  return std::any_of(kVariables.begin(), kVariables.end(),
                     [&](const Variable& each) { return name == each.name; });
}

// The names only: values may be secret.
void warn_once(std::string_view name) {
  static auto* const mutex = new std::mutex;
  static auto* const named = new std::set<std::string, std::less<>>;
  const std::lock_guard lock(*mutex);
  if (!named->emplace(name).second) return;
  log(LogLevel::warn, "the variable " + std::string(name) + " is set, but there is none of this " +
                          "name: is " + std::string(closest(name)) + " meant?");
}

}  // namespace

void config::warn_about_unknown_variables() {
#ifdef __APPLE__
  char** const all = *_NSGetEnviron();
#else
  char** const all = environ;
#endif
  for (char** each = all; each != nullptr && *each != nullptr; ++each) {
    const std::string_view entry(*each);
    if (!entry.starts_with(kPrefix)) continue;
    const std::string_view name = entry.substr(0, entry.find('='));
    if (!known(name)) warn_once(name);
  }
}

std::span<const Variable> variables() { return kVariables; }

}  // namespace arraymorph
