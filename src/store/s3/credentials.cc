#include "store/s3/credentials.h"

#include <functional>

namespace arraymorph::store::s3 {
namespace {

aws_byte_cursor cursor(const std::string& text) {
  return aws_byte_cursor_from_array(text.data(), text.size());
}

}  // namespace

CredentialSource::CredentialSource(const S3Settings& settings)
    : access_key_id(settings.access_key_id),
      secret_access_key(settings.secret_access_key),
      session_token(settings.session_token),
      profile(settings.profile),
      profile_is_explicit(settings.profile_is_explicit),
      anonymous(settings.anonymous) {}

std::string CredentialSource::fingerprint() const {
  if (anonymous) return "anonymous";
  const std::string all = access_key_id + '\n' + secret_access_key + '\n' + session_token + '\n' +
                          profile + (profile_is_explicit ? "!" : "");
  return access_key_id + "#" + std::to_string(std::hash<std::string>{}(all));
}

std::string CredentialSource::advice() const {
  const std::string name = profile.empty() ? "default" : profile;
  if (profile_is_explicit) {
    return "no AWS credentials were found: add them to profile '" + name +
           "' in ~/.aws/credentials, or unset ARRAYMORPH_PROFILE, while which AWS_ACCESS_KEY_ID is "
           "not looked at (the profile has none, nor do web identity, container and instance "
           "metadata)";
  }
  return "no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or add "
         "profile '" +
         name +
         "' to ~/.aws/credentials (neither has them, nor do web identity, "
         "container and instance metadata)";
}

aws_credentials_provider* new_provider(const CredentialSource& source,
                                       aws_client_bootstrap* bootstrap, aws_tls_ctx* tls,
                                       const std::shared_ptr<Latch>& gone) {
  aws_credentials_provider_shutdown_options on_shutdown{};
  on_shutdown.shutdown_callback = Latch::opened;
  on_shutdown.shutdown_user_data = Latch::user_data(gone);
  aws_credentials_provider* provider = nullptr;
  if (source.anonymous) {
    provider = aws_credentials_provider_new_anonymous(aws_default_allocator(), &on_shutdown);
  } else if (source.fixed()) {
    aws_credentials_provider_static_options options{};
    options.shutdown_options = on_shutdown;
    options.access_key_id = cursor(source.access_key_id);
    options.secret_access_key = cursor(source.secret_access_key);
    options.session_token = cursor(source.session_token);
    provider = aws_credentials_provider_new_static(aws_default_allocator(), &options);
  } else if (source.profile_is_explicit) {
    provider = new_engine_chain(source, bootstrap, tls, on_shutdown);  // the SDK's takes no name
  } else {
    provider = new_provider_chain(source, bootstrap, tls, on_shutdown);
  }
  if (provider == nullptr) Latch::opened(on_shutdown.shutdown_user_data);
  return provider;
}

aws_credentials_provider* new_engine_chain(
    const CredentialSource& source, aws_client_bootstrap* bootstrap, aws_tls_ctx* tls,
    const aws_credentials_provider_shutdown_options& on_shutdown) {
  aws_credentials_provider_chain_default_options options{};
  options.shutdown_options = on_shutdown;
  options.bootstrap = bootstrap;
  options.tls_ctx = tls;
  // Where none is named, the engine would take an empty AWS_PROFILE for a name.
  const std::string& name = source.profile;
  options.profile_name_override =
      name.empty() ? aws_byte_cursor_from_c_str("default") : cursor(name);
  options.skip_environment_credentials_provider = true;
  return aws_credentials_provider_new_chain_default(aws_default_allocator(), &options);
}

}  // namespace arraymorph::store::s3
