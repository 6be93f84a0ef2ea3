// Where the credentials come from.
#pragma once

#include <aws/auth/credentials.h>
#include <aws/io/channel_bootstrap.h>
#include <aws/io/tls_channel_handler.h>

#include <memory>
#include <string>

#include "arraymorph/status.h"
#include "store/s3/latch.h"

namespace arraymorph::store::s3 {

/// The environment as it was when the store was opened.
struct CredentialSource {
  std::string access_key_id;      ///< AWS_ACCESS_KEY_ID
  std::string secret_access_key;  ///< AWS_SECRET_ACCESS_KEY
  std::string session_token;      ///< AWS_SESSION_TOKEN
  std::string profile;            ///< AWS_PROFILE
  bool anonymous = false;         ///< sign nothing, whatever else is given

  static CredentialSource from_environment(bool anonymous);

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

/// Profile, process, web identity, SSO, container and instance metadata, as the flavour's own chain
/// orders them (credentials_sdk.cc or credentials_crt.cc). One reference is the caller's. Null on
/// failure; then `on_shutdown` is not called.
aws_credentials_provider* new_provider_chain(
    const CredentialSource& source, aws_client_bootstrap* bootstrap, aws_tls_ctx* tls,
    const aws_credentials_provider_shutdown_options& on_shutdown);

}  // namespace arraymorph::store::s3
