// Where the credentials come from.
#pragma once

#include <aws/auth/credentials.h>
#include <aws/io/channel_bootstrap.h>
#include <aws/io/tls_channel_handler.h>

#include <memory>
#include <string>

#include "arraymorph/status.h"
#include "runtime/config.h"
#include "store/s3/latch.h"

namespace arraymorph::store::s3 {

/// The settings as they were when the store was opened.
struct CredentialSource {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  std::string profile;               ///< asked when no key is given
  bool profile_is_explicit = false;  ///< keys of the AWS_* variables do not count
  bool anonymous = false;            ///< sign nothing, whatever else is given

  CredentialSource() = default;
  /// Of settings that complete_s3() has completed.
  explicit CredentialSource(const S3Settings& settings);

  /// No look-up needed: key and secret were given, or none is wanted.
  bool fixed() const { return anonymous || (!access_key_id.empty() && !secret_access_key.empty()); }
  /// Differs for different credentials without telling them.
  std::string fingerprint() const;
  /// What to say when nothing was found.
  std::string advice() const;
};

/// The given key, none, or the chain below. One reference is the caller's; `gone` opens when the
/// provider has ended. Null on failure.
aws_credentials_provider* new_provider(const CredentialSource& source,
                                       aws_client_bootstrap* bootstrap, aws_tls_ctx* tls,
                                       const std::shared_ptr<Latch>& gone);

/// The engine's own chain: profile, web identity, container and instance metadata. One reference is
/// the caller's. Null on failure; then `on_shutdown` is not called.
aws_credentials_provider* new_engine_chain(
    const CredentialSource& source, aws_client_bootstrap* bootstrap, aws_tls_ctx* tls,
    const aws_credentials_provider_shutdown_options& on_shutdown);

/// The same of the flavour (credentials_sdk.cc or credentials_crt.cc), for profiles that the
/// environment names or nobody does.
aws_credentials_provider* new_provider_chain(
    const CredentialSource& source, aws_client_bootstrap* bootstrap, aws_tls_ctx* tls,
    const aws_credentials_provider_shutdown_options& on_shutdown);

}  // namespace arraymorph::store::s3
