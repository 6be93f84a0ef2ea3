// Flavour: aws-c-s3 alone, with the engine's own provider chain.
#include "store/s3/credentials.h"

namespace arraymorph::store::s3 {

aws_credentials_provider* new_provider_chain(
    const CredentialSource& source, aws_client_bootstrap* bootstrap, aws_tls_ctx* tls,
    const aws_credentials_provider_shutdown_options& on_shutdown) {
  aws_credentials_provider_chain_default_options options{};
  options.shutdown_options = on_shutdown;
  options.bootstrap = bootstrap;
  options.tls_ctx = tls;
  if (!source.profile.empty()) {  // an empty name would be taken for one
    options.profile_name_override =
        aws_byte_cursor_from_array(source.profile.data(), source.profile.size());
  }
  options.skip_environment_credentials_provider = true;
  return aws_credentials_provider_new_chain_default(aws_default_allocator(), &options);
}

}  // namespace arraymorph::store::s3
