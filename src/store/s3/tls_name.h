// The TLS library under the engine.
#pragma once

#include <openssl/crypto.h>

#include <string>

namespace arraymorph::store::s3 {

inline std::string tls_name() {
#ifdef __APPLE__
  return "Secure Transport";
#else
  return std::string("s2n-tls with ") + OpenSSL_version(OPENSSL_VERSION);
#endif
}

}  // namespace arraymorph::store::s3
