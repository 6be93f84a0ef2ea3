// Session: one running aws-c-s3 client with its credentials and TLS settings.
#pragma once

#include <aws/auth/credentials.h>
#include <aws/s3/s3_client.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/config.h"
#include "runtime/endpoint.h"
#include "runtime/lifecycle.h"
#include "store/s3/credentials.h"
#include "store/s3/latch.h"

namespace arraymorph::store::s3 {

struct SessionOptions {
  S3Endpoint endpoint;
  std::string region;
  std::string ca_bundle;
  std::string ca_bundle_source;  ///< the variable, or "profile lab in ~/.aws/config"
  CredentialSource source;
  std::uint32_t connections = 0;
  std::uint32_t event_loops = 1;  ///< of all sessions together: the first one decides
  std::uint32_t timeout_seconds = 0;
};

class Session {
 public:
  /// Starts the library when this is the first session.
  static Result<std::unique_ptr<Session>> open(const SessionOptions& options);
  /// Releases everything and waits for it to end; call once, with no request under way.
  void close(Deadline deadline);

  /// Replace credentials that the server calls expired before their time: requests started from
  /// now on ask the provider anew.
  Status renew_credentials(const SessionOptions& options);

  aws_s3_client* client() const { return client_; }
  aws_credentials_provider* provider() const { return provider_; }
  /// Of the credentials, counted up by each renewal.
  unsigned generation() const { return generation_; }

 private:
  Session() = default;
  Status open_tls(const SessionOptions& options);
  Status open_provider(const SessionOptions& options);
  Status open_client(const SessionOptions& options);

  aws_client_bootstrap* bootstrap_ = nullptr;  // the Library's
  aws_tls_ctx* tls_ = nullptr;
  aws_credentials_provider* provider_ = nullptr;
  aws_s3_client* client_ = nullptr;
  unsigned generation_ = 0;
  std::vector<std::shared_ptr<Latch>> providers_gone_;
  std::shared_ptr<Latch> client_gone_;
};

}  // namespace arraymorph::store::s3
