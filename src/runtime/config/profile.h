// Profiles of the AWS tools: ~/.aws/config and ~/.aws/credentials.
//
// Read here and not by the S3 engine's library, which neither lists the profiles there are nor says
// which line is wrong, and knows `services` sections in its latest versions only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "arraymorph/status.h"
#include "runtime/config/parse.h"

namespace arraymorph::config {

/// What a profile says. Empty: nothing.
struct Profile {
  std::string name;
  bool exists = false;
  std::vector<std::string> others;  ///< names of all profiles, in order
  std::string files;                ///< the two that were looked at, for messages
  Setting endpoint;                 ///< endpoint_url of its `services` for s3, else its own
  Setting region;
  Setting addressing_style;  ///< in `s3 =`
  Setting ca_bundle;
  Setting ignore_endpoints;  ///< ignore_configured_endpoint_urls
  Setting credentials;       ///< value: which kind; source: where
  std::string half_a_key;    ///< what is wrong with the credentials
};

/// Sections by name ("profile lab", "services x"; in a credentials file all are profiles), of
/// settings by name, those that are nested as "s3.endpoint_url"; keys and secrets as "(set)".
using Sections = std::map<std::string, std::map<std::string, std::string>>;

/// Errors: invalid_argument with the number of the line.
Result<Sections> parse_profiles(std::string_view text, bool credentials_file);

/// Of AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE or their defaults; the files are read again
/// only when they have changed. A file that does not exist says nothing. Errors: invalid_argument
/// names the file.
Result<Profile> read_profile(const std::string& name);

}  // namespace arraymorph::config
