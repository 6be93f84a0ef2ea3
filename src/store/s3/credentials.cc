#include "store/s3/credentials.h"

#include <cstdlib>
#include <functional>

namespace arraymorph::store::s3 {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

aws_byte_cursor cursor(const std::string& text) {
  return aws_byte_cursor_from_array(text.data(), text.size());
}

}  // namespace

CredentialSource CredentialSource::from_environment(bool anonymous) {
  return {environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY"),
          environment("AWS_SESSION_TOKEN"), environment("AWS_PROFILE"), anonymous};
}

std::string CredentialSource::fingerprint() const {
  if (anonymous) return "anonymous";
  const std::string all =
      access_key_id + '\n' + secret_access_key + '\n' + session_token + '\n' + profile;
  return access_key_id + "#" + std::to_string(std::hash<std::string>{}(all));
}

std::string CredentialSource::advice() const {
  const std::string name = profile.empty() ? "default" : profile;
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
  } else {
    provider = new_provider_chain(source, bootstrap, tls, on_shutdown);
  }
  if (provider == nullptr) Latch::opened(on_shutdown.shutdown_user_data);
  return provider;
}

}  // namespace arraymorph::store::s3
