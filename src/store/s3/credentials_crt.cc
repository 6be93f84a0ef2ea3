// Flavour: aws-c-s3 alone, with the engine's own provider chain.
#include "store/s3/credentials.h"

namespace arraymorph::store::s3 {

aws_credentials_provider* new_provider_chain(
    const CredentialSource& source, aws_client_bootstrap* bootstrap, aws_tls_ctx* tls,
    const aws_credentials_provider_shutdown_options& on_shutdown) {
  return new_engine_chain(source, bootstrap, tls, on_shutdown);
}

}  // namespace arraymorph::store::s3
