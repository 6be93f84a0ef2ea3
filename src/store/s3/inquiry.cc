#include "store/s3/inquiry.h"

#include <aws/auth/signable.h>
#include <aws/auth/signing.h>
#include <aws/auth/signing_config.h>
#include <aws/auth/signing_result.h>
#include <aws/http/connection.h>
#include <aws/http/proxy.h>
#include <aws/http/request_response.h>
#include <aws/io/socket.h>
#include <aws/io/stream.h>
#include <aws/io/tls_channel_handler.h>
#include <aws/io/uri.h>

#include <string_view>
#include <utility>

namespace arraymorph::store::s3 {
namespace {

constexpr std::size_t kMaxBody = 64 << 10;
constexpr std::uint32_t kConnectMs = 3000;
constexpr std::uint32_t kAnswerSeconds = 5;

aws_byte_cursor cursor(std::string_view text) {
  return aws_byte_cursor_from_array(text.data(), text.size());
}

// Owns itself; every way through it ends in end().
class Inquiry {
 public:
  Inquiry(const Session& session, const Address& address, std::shared_ptr<const Request> request,
          Inquired done)
      : bootstrap_(session.bootstrap()),
        tls_(session.tls()),
        request_(std::move(request)),
        done_(std::move(done)) {
    const aws_byte_cursor text = cursor(address.endpoint);
    has_uri_ = aws_uri_init_parse(&uri_, aws_default_allocator(), &text) == AWS_OP_SUCCESS;
    message_ = new_message(*request_, address);
    const ConstByteSpan body = request_->body ? request_->body->span() : ConstByteSpan();
    const aws_byte_cursor bytes = aws_byte_cursor_from_array(body.data(), body.size());
    if (aws_input_stream* stream =
            body.empty() ? nullptr
                         : aws_input_stream_new_from_cursor(aws_default_allocator(), &bytes)) {
      aws_http_message_set_body_stream(message_, stream);
      aws_input_stream_release(stream);
    }
    signable_ = aws_signable_new_http_request(aws_default_allocator(), message_);
  }

  ~Inquiry() {
    aws_signable_destroy(signable_);
    aws_http_message_release(message_);
    if (has_uri_) aws_uri_clean_up(&uri_);
  }

  bool sign(aws_credentials_provider* provider, const Address& address) {
    if (!has_uri_ || signable_ == nullptr) return false;
    aws_signing_config_aws signing;
    aws_s3_init_default_signing_config(&signing, cursor(address.region), provider);
    aws_date_time_init_now(&signing.date);
    if (address.sign_payload) signing.signed_body_value = cursor(request_->payload_hash);
    return aws_sign_request_aws(aws_default_allocator(), signable_,
                                reinterpret_cast<aws_signing_config_base*>(&signing), on_signed,
                                this) == AWS_OP_SUCCESS;
  }

 private:
  static Inquiry& of(void* self) { return *static_cast<Inquiry*>(self); }

  void end() {
    done_(status_, std::move(body_));
    delete this;
  }

  static void on_signed(aws_signing_result* result, int error, void* self) {
    Inquiry& inquiry = of(self);
    const bool ready =
        error == 0 && aws_apply_signing_result_to_http_request(
                          inquiry.message_, aws_default_allocator(), result) == AWS_OP_SUCCESS;
    if (!ready || !inquiry.connect()) inquiry.end();
  }

  bool connect() {
    aws_socket_options socket{};
    socket.type = AWS_SOCKET_STREAM;
    socket.connect_timeout_ms = kConnectMs;
    aws_http_connection_monitoring_options monitoring{};
    monitoring.minimum_throughput_bytes_per_second = 1;
    monitoring.allowable_throughput_failure_interval_seconds = kAnswerSeconds;
    proxy_env_var_settings proxy{};
    proxy.env_var_type = AWS_HPEV_ENABLE;
    const bool https = cursor_is(aws_uri_scheme(&uri_), "https");
    aws_tls_connection_options tls{};
    aws_http_client_connection_options options = AWS_HTTP_CLIENT_CONNECTION_OPTIONS_INIT;
    options.allocator = aws_default_allocator();
    options.bootstrap = bootstrap_;
    options.host_name = *aws_uri_host_name(&uri_);
    const std::uint32_t port = aws_uri_port(&uri_);
    options.port = static_cast<decltype(options.port)>(port != 0 ? port : https ? 443 : 80);
    options.socket_options = &socket;
    options.monitoring_options = &monitoring;
    options.proxy_ev_settings = &proxy;
    options.user_data = this;
    options.on_setup = on_setup;
    options.on_shutdown = on_shutdown;
    if (https) {
      aws_tls_connection_options_init_from_ctx(&tls, tls_);
      aws_tls_connection_options_set_server_name(&tls, aws_default_allocator(), &options.host_name);
      options.tls_options = &tls;
    }
    const bool connecting = aws_http_client_connect(&options) == AWS_OP_SUCCESS;
    if (https) aws_tls_connection_options_clean_up(&tls);
    return connecting;
  }

  static bool cursor_is(const aws_byte_cursor* text, const char* wanted) {
    return aws_byte_cursor_eq_c_str_ignore_case(text, wanted);
  }

  static void on_setup(aws_http_connection* connection, int error, void* self) {
    Inquiry& inquiry = of(self);
    if (error != 0) return inquiry.end();
    inquiry.connection_ = connection;
    aws_http_make_request_options options{};
    options.self_size = sizeof(options);
    options.request = inquiry.message_;
    options.user_data = self;
    options.on_response_body = on_body;
    options.on_complete = on_complete;
    aws_http_stream* const stream = aws_http_connection_make_request(connection, &options);
    if (stream == nullptr) return inquiry.hang_up();
    if (aws_http_stream_activate(stream) != AWS_OP_SUCCESS) {
      aws_http_stream_release(stream);  // on_complete is not called
      inquiry.hang_up();
    }
  }

  // on_shutdown follows.
  void hang_up() {
    aws_http_connection_close(connection_);
    aws_http_connection_release(connection_);
  }

  static int on_body(aws_http_stream* stream, const aws_byte_cursor* piece, void* self) {
    Inquiry& inquiry = of(self);
    int status = 0;
    aws_http_stream_get_incoming_response_status(stream, &status);
    const bool error = status >= 400 && inquiry.body_.size() + piece->len <= kMaxBody;
    try {
      if (error) inquiry.body_.append(reinterpret_cast<const char*>(piece->ptr), piece->len);
    } catch (...) {
      return aws_raise_error(AWS_ERROR_OOM);
    }
    return error ? AWS_OP_SUCCESS : aws_raise_error(AWS_ERROR_SHORT_BUFFER);
  }

  static void on_complete(aws_http_stream* stream, int, void* self) {
    Inquiry& inquiry = of(self);
    aws_http_stream_get_incoming_response_status(stream, &inquiry.status_);
    aws_http_stream_release(stream);
    inquiry.hang_up();
  }

  static void on_shutdown(aws_http_connection*, int, void* self) { of(self).end(); }

  aws_client_bootstrap* const bootstrap_;
  aws_tls_ctx* const tls_;
  const std::shared_ptr<const Request> request_;  // whose body is sent
  Inquired done_;
  aws_uri uri_{};
  bool has_uri_ = false;
  aws_http_message* message_ = nullptr;
  aws_signable* signable_ = nullptr;
  aws_http_connection* connection_ = nullptr;
  int status_ = 0;
  std::string body_;
};

}  // namespace

bool inquire(const Session& session, aws_credentials_provider* provider, const Address& address,
             const std::shared_ptr<const Request>& request, Inquired done) {
  auto inquiry = std::make_unique<Inquiry>(session, address, request, std::move(done));
  if (!inquiry->sign(provider, address)) return false;
  [[maybe_unused]] const Inquiry* const running = inquiry.release();  // or has ended already
  return true;
}

}  // namespace arraymorph::store::s3
