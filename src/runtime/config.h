// Configuration from the environment: the one place that reads it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

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

/// Where each S3 setting comes from: a variable's name, "profile lab in ~/.aws/config", "default";
/// empty where nobody has said anything.
struct S3Sources {
  std::string endpoint;
  std::string region;
  std::string addressing_style;
  std::string use_tls;
  std::string signed_payloads;
  std::string ca_bundle;
  std::string profile;
  std::string credentials;  ///< also "provider chain": looked for by the engine
};

/// The S3 settings as found in the environment; complete_s3() adds those of the profile and judges
/// them all, only when S3 is used, so that settings meant for other programs never break local
/// files. Each ARRAYMORPH_* goes before its AWS_* variable.
struct S3Settings {
  std::string endpoint;              ///< ARRAYMORPH_ENDPOINT_URL, AWS_ENDPOINT_URL[_S3]; empty: AWS
  std::string region;                ///< ARRAYMORPH_REGION, AWS_REGION, AWS_DEFAULT_REGION
  std::string addressing_style;      ///< ARRAYMORPH_ADDRESSING_STYLE, AWS_S3_ADDRESSING_STYLE
  std::string use_tls;               ///< ARRAYMORPH_USE_TLS, AWS_USE_TLS
  std::string signed_payloads;       ///< ARRAYMORPH_SIGNED_PAYLOADS, AWS_SIGNED_PAYLOADS
  std::string ca_bundle;             ///< ARRAYMORPH_CA_BUNDLE, AWS_CA_BUNDLE
  std::string profile;               ///< ARRAYMORPH_PROFILE, AWS_PROFILE
  bool profile_is_explicit = false;  ///< ARRAYMORPH_PROFILE: goes before AWS_ACCESS_KEY_ID
  bool anonymous = false;  ///< ARRAYMORPH_ANONYMOUS: no signature, credentials not looked for
  /// Of ARRAYMORPH_* or AWS_*, never mixed; empty: the engine looks for them. By complete_s3().
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  S3Sources sources;
  bool complete = false;
};

/// What is kept with the objects of chunks, and verified when one is read whole.
enum class Checksums {
  off,
  crc32c,  ///< a CRC-32C of our own
  etag,    ///< also the MD5 that many servers give as entity tag
};

/// Where the three numbers come from: a variable's name, "preset local", "automatic", and behind
/// that the limit which has lowered it: "preset production, lowered for ulimit -n 64".
struct SpeedSources {
  std::string connections;
  std::string event_loops;
  std::string codec_threads;
};

struct Config {
  Platform platform = Platform::native;
  std::string bucket;  ///< BUCKET_NAME
  std::string root;    ///< ARRAYMORPH_ROOT, absolute
  S3Settings s3;
  std::uint32_t connections = 64;   ///< ARRAYMORPH_CONNECTIONS, to one server
  std::uint32_t event_loops = 1;    ///< ARRAYMORPH_EVENT_LOOPS, of the process
  std::uint32_t codec_threads = 1;  ///< ARRAYMORPH_CODEC_THREADS, of the process
  SpeedSources speed_sources;
  std::uint64_t cache_bytes = 256ull << 20;      ///< ARRAYMORPH_CACHE_BYTES
  std::uint64_t plain_cache_bytes = 0;           ///< ARRAYMORPH_PLAIN_CACHE_BYTES
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
  /// Where programs put temporary files: $TMPDIR, else /tmp. Absolute, without a slash at its end.
  std::string temporary_directory;
  /// ARRAYMORPH_ALLOW_LINKS: URL prefixes of what files in stores may lead to, besides their own.
  std::vector<std::string> allow_links;
  /// What has been found out about servers: $XDG_CACHE_HOME/arraymorph, else ~/.cache/arraymorph;
  /// empty: nowhere.
  std::string cache_directory;
};

/// Reads the environment anew (cheap; done at each file open) and applies ARRAYMORPH_LOG.
/// invalid_argument names the variable, what it holds and what it may hold.
Result<Config> config_from_environment();

/// Adds what the profile of ~/.aws/config and ~/.aws/credentials says, and credentials of the
/// environment. Does nothing the second time. invalid_argument: a value that is not understood,
/// half a key, a profile that does not exist, a file that cannot be read.
Status complete_s3(S3Settings& settings);

/// Lowers connections, event loops and codec threads to what the process may still have of
/// descriptors and threads, with one warning where that matters. `network`: not only codec threads
/// are wanted.
void keep_within_limits(Config& config, bool network);

/// One environment variable, for documentation.
struct Variable {
  const char* name;
  const char* values;    ///< what it may hold
  const char* fallback;  ///< what holds when it is not set
  const char* meaning;
};
std::span<const Variable> variables();

}  // namespace arraymorph
