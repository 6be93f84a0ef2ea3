#include "store/s3/session.h"

#include <aws/auth/signing_config.h>
#include <aws/http/connection.h>
#include <aws/io/tls_channel_handler.h>

#include <algorithm>
#include <utility>

#include "runtime/config/limits.h"
#include "runtime/log.h"
#include "store/s3/library.h"
#include "store/s3/limits.h"
#include "store/s3/no_retry.h"

namespace arraymorph::store::s3 {
namespace {

constexpr std::uint32_t kMaxConnectSeconds = 10;
constexpr double kConnectionGbps = 0.4;  // what the engine expects of one
constexpr std::chrono::seconds kFailedStartGrace{2};

Status engine_failed(const std::string& what) {
  return Status(Code::internal, what + ": " + last_engine_error());
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(const SessionOptions& options) {
  ARRAYMORPH_TRY(config::enough_threads(options.event_loops));
  ARRAYMORPH_TRY(enough_descriptors(options.event_loops));
  ARRAYMORPH_ASSIGN(aws_client_bootstrap* const bootstrap,
                    Library::instance().acquire(options.event_loops));
  std::unique_ptr<Session> session(new Session);
  session->bootstrap_ = bootstrap;
  Status status;
  if (options.endpoint.tls || !options.source.fixed()) status = session->open_tls(options);
  if (status.ok()) status = session->open_provider(options);
  if (status.ok()) status = session->open_client(options);
  if (status.ok()) return session;
  session->close(std::chrono::steady_clock::now() + kFailedStartGrace);
  return status;
}

Status Session::open_provider(const SessionOptions& options) {
  auto gone = Latch::make();
  aws_credentials_provider* const opened = new_provider(options.source, bootstrap_, tls_, gone);
  // A chain without a single source is refused at once, not when it is asked.
  if (opened == nullptr) {
    return options.source.fixed() ? engine_failed("cannot set up AWS credentials")
                                  : Status(Code::permission_denied, options.source.advice());
  }
  providers_gone_.push_back(std::move(gone));
  // Attempts under way and the client hold references to the one before.
  aws_credentials_provider_release(std::exchange(provider_, opened));
  return Status();
}

Status Session::renew_credentials(const SessionOptions& options) {
  ARRAYMORPH_TRY(open_provider(options));
  ++generation_;
  return Status();
}

Status Session::open_tls(const SessionOptions& options) {
  aws_tls_ctx_options tls;
  aws_tls_ctx_options_init_default_client(&tls, aws_default_allocator());
  Status status;
  const std::string& file = options.ca_bundle;
  const bool readable = file.empty() || aws_tls_ctx_options_override_default_trust_store_from_path(
                                            &tls, nullptr, file.c_str()) == AWS_OP_SUCCESS;
  if (readable) tls_ = aws_tls_client_ctx_new(aws_default_allocator(), &tls);
  if (tls_ == nullptr && !file.empty()) {
    const std::string& from = options.ca_bundle_source;
    const bool variable = from.find(' ') == std::string::npos;
    status = Status(Code::invalid_argument,
                    (from.empty() ? "AWS_CA_BUNDLE="
                     : variable   ? from + "="
                                  : "ca_bundle of " + from + ": ") +
                        file + " cannot be used: " + aws_error_str(aws_last_error()));
  } else if (tls_ == nullptr) {
    status = engine_failed("cannot set up TLS");
  }
  aws_tls_ctx_options_clean_up(&tls);
  return status;
}

Status Session::open_client(const SessionOptions& options) {
  const aws_byte_cursor region =
      aws_byte_cursor_from_array(options.region.data(), options.region.size());
  aws_signing_config_aws signing;
  aws_s3_init_default_signing_config(&signing, region, provider_);
  aws_http_connection_monitoring_options monitoring{};
  monitoring.minimum_throughput_bytes_per_second = 1;
  monitoring.allowable_throughput_failure_interval_seconds = options.timeout_seconds;

  aws_s3_client_config config{};
  config.client_bootstrap = bootstrap_;
  config.region = region;
  config.signing_config = &signing;
  config.tls_mode = options.endpoint.tls ? AWS_MR_TLS_ENABLED : AWS_MR_TLS_DISABLED;
  config.max_active_connections_override = options.connections;
  // Decides how many connections there are; the setting above only caps it.
  config.throughput_target_gbps = kConnectionGbps * options.connections;
  config.retry_strategy = no_retry_strategy();
  config.connect_timeout_ms = std::min(options.timeout_seconds, kMaxConnectSeconds) * 1000;
  config.monitoring_options = &monitoring;
  client_gone_ = Latch::make();
  config.shutdown_callback = Latch::opened;
  config.shutdown_callback_user_data = Latch::user_data(client_gone_);
  aws_tls_connection_options connection{};
  if (options.endpoint.tls) {
    aws_tls_connection_options_init_from_ctx(&connection, tls_);
    config.tls_connection_options = &connection;
  }
  client_ = aws_s3_client_new(aws_default_allocator(), &config);
  if (options.endpoint.tls) aws_tls_connection_options_clean_up(&connection);
  if (client_ != nullptr) return Status();
  Latch::opened(config.shutdown_callback_user_data);
  return engine_failed("cannot start the S3 client");
}

void Session::close(Deadline deadline) {
  bool ended = true;
  if (client_ != nullptr) {
    aws_s3_client_release(std::exchange(client_, nullptr));
    ended = client_gone_->wait_until(deadline);
  }
  if (provider_ != nullptr) {
    aws_credentials_provider_release(std::exchange(provider_, nullptr));
    for (const auto& gone : providers_gone_) ended = gone->wait_until(deadline) && ended;
  }
  if (tls_ != nullptr) aws_tls_ctx_release(std::exchange(tls_, nullptr));
  if (ended) {
    Library::instance().release();
  } else {
    log(LogLevel::warn, "the S3 client did not end in time");
  }
}

}  // namespace arraymorph::store::s3
