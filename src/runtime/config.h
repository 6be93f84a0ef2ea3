// Configuration from the environment: the one place that reads it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "arraymorph/status.h"

namespace arraymorph {

/// Where names without a URL scheme go.
enum class Platform { native, s3, local, memory };

/// What happens to chunks of committed data that are written again.
enum class WriteMode {
  in_place,     ///< their objects are replaced
  new_objects,  ///< they go to new objects, which the next commit refers to
};

/// What a commit does when somebody else has committed since the file was opened.
enum class OnConflict {
  fail,
  overwrite,  ///< replaces theirs
  discard,    ///< fails once, then lets go of what was changed here
};

/// When it is tried out whether a server honours conditional PUTs.
enum class Probe { automatic, always, off };

/// AWS_* variables as found; checked by s3_endpoint() (runtime/endpoint.h) only when S3 is used, so
/// that settings meant for other programs never break local files.
struct S3Settings {
  std::string endpoint;          ///< AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL; empty: AWS itself
  std::string region;            ///< AWS_REGION, AWS_DEFAULT_REGION, "us-east-1"
  std::string addressing_style;  ///< AWS_S3_ADDRESSING_STYLE
  std::string use_tls;           ///< AWS_USE_TLS
  std::string signed_payloads;   ///< AWS_SIGNED_PAYLOADS
  std::string ca_bundle;         ///< AWS_CA_BUNDLE
  bool anonymous = false;        ///< ARRAYMORPH_ANONYMOUS: no signature, credentials not looked for
};

/// What is kept with the objects of chunks, and verified when one is read whole.
enum class Checksums {
  off,
  crc32c,  ///< a CRC-32C of our own
  etag,    ///< also the MD5 that many servers give as entity tag
};

struct Config {
  Platform platform = Platform::native;
  std::string bucket;  ///< BUCKET_NAME
  std::string root;    ///< ARRAYMORPH_ROOT, absolute
  S3Settings s3;
  std::uint32_t connections = 64;                ///< ARRAYMORPH_CONNECTIONS
  std::uint32_t codec_threads = 1;               ///< ARRAYMORPH_CODEC_THREADS
  std::uint64_t cache_bytes = 256ull << 20;      ///< ARRAYMORPH_CACHE_BYTES
  std::uint64_t in_flight_bytes = 256ull << 20;  ///< ARRAYMORPH_IN_FLIGHT_BYTES
  std::uint64_t read_ahead_bytes = 64ull << 20;  ///< ARRAYMORPH_READ_AHEAD
  std::uint64_t inline_bytes = 64ull << 10;      ///< ARRAYMORPH_INLINE_BYTES
  std::uint64_t piece_bytes = 8ull << 20;        ///< ARRAYMORPH_PIECE_BYTES
  WriteMode write_mode = WriteMode::in_place;    ///< ARRAYMORPH_WRITE
  OnConflict on_conflict = OnConflict::fail;     ///< ARRAYMORPH_ON_CONFLICT
  std::uint32_t retries = 5;                     ///< ARRAYMORPH_RETRIES, after the first attempt
  std::uint32_t timeout_seconds = 30;            ///< ARRAYMORPH_TIMEOUT
  std::uint32_t deadline_seconds = 120;          ///< ARRAYMORPH_DEADLINE
  Checksums checksums = Checksums::crc32c;       ///< ARRAYMORPH_CHECKSUMS
  Probe probe = Probe::automatic;                ///< ARRAYMORPH_PROBE
  /// What has been found out about servers: $XDG_CACHE_HOME/arraymorph, else ~/.cache/arraymorph;
  /// empty: nowhere.
  std::string cache_directory;
};

/// Reads the environment anew (cheap; done at each file open) and applies ARRAYMORPH_LOG.
/// invalid_argument names the variable, what it holds and what it may hold.
Result<Config> config_from_environment();

/// One environment variable, for documentation.
struct Variable {
  const char* name;
  const char* values;    ///< what it may hold
  const char* fallback;  ///< what holds when it is not set
  const char* meaning;
};
std::span<const Variable> variables();

}  // namespace arraymorph
