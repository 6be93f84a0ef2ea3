#include "store/s3/attempt.h"

#include <aws/auth/signing_config.h>
#include <aws/http/request_response.h>
#include <aws/io/stream.h>
#include <aws/io/uri.h>

#include <string_view>
#include <utility>

namespace arraymorph::store::s3 {
namespace {

aws_byte_cursor cursor(std::string_view text) {
  return aws_byte_cursor_from_array(text.data(), text.size());
}

std::string_view view(const aws_byte_cursor& text) {
  return {reinterpret_cast<const char*>(text.ptr), text.len};
}

void add_header(aws_http_message* message, std::string_view name, std::string_view value) {
  aws_http_header header{};
  header.name = cursor(name);
  header.value = cursor(value);
  aws_http_message_add_header(message, header);
}

struct ReleaseMessage {
  void operator()(aws_http_message* message) const { aws_http_message_release(message); }
};
using Message = std::unique_ptr<aws_http_message, ReleaseMessage>;

Message make_message(const Request& request, const Address& address) {
  Message message(aws_http_message_new_request(aws_default_allocator()));
  std::string path = address.path_prefix;
  if (!request.key.empty()) {
    path += "/" + encode_path(request.key);
  } else if (path.empty()) {
    path = "/";
  }
  if (!request.query.empty()) path += "?" + request.query;
  aws_http_message_set_request_method(message.get(), cursor(request.method));
  aws_http_message_set_request_path(message.get(), cursor(path));
  add_header(message.get(), "Host", address.host);
  if (request.body) {
    add_header(message.get(), "Content-Length", std::to_string(request.body->size()));
  }
  if (request.range || request.in_place > 0) {
    const ByteRange range = request.range.value_or(ByteRange{0, request.in_place});
    add_header(message.get(), "Range",
               "bytes=" + std::to_string(range.offset) + "-" +
                   std::to_string(range.offset + range.length - 1));
  }
  for (const auto& [name, value] : request.headers) add_header(message.get(), name, value);
  return message;
}

// Engines since 2026 send from our memory; older ones copy it out of a stream.
template <class Options>
void set_body(Options& options, aws_http_message* message, ConstByteSpan body) {
  const aws_byte_cursor bytes = aws_byte_cursor_from_array(body.data(), body.size());
  if constexpr (requires { options.request_body; }) {
    options.request_body = bytes;
  } else {
    aws_input_stream* const stream =
        aws_input_stream_new_from_cursor(aws_default_allocator(), &bytes);
    aws_http_message_set_body_stream(message, stream);
    aws_input_stream_release(stream);
  }
}

// Engines since 2026 receive into our memory.
template <class Options>
constexpr bool kHasPlace = requires(Options& options) { options.recv_buffer; };

// One HTTP request for one range, like any other, but of a type that says where its body goes.
template <class Options>
void set_place(Options& options, aws_byte_buf& place) {
  if constexpr (kHasPlace<Options>) {
    options.type = AWS_S3_META_REQUEST_TYPE_GET_OBJECT;
    options.recv_buffer = &place;
    options.part_size = place.capacity;
  }
}

std::string header(const aws_http_headers* headers, const char* name) {
  aws_byte_cursor value{};
  if (headers == nullptr || aws_http_headers_get(headers, cursor(name), &value) != AWS_OP_SUCCESS) {
    return {};
  }
  return std::string(view(value));
}

}  // namespace

bool Attempt::receives_in_place() { return kHasPlace<aws_s3_meta_request_options>; }

Attempt* Attempt::start(const Session& session, const Address& address,
                        std::shared_ptr<Request> request, Finish finish) {
  request->begin_attempt();
  std::unique_ptr<Attempt> attempt(new Attempt(std::move(request), std::move(finish)));
  const Request& asked = *attempt->request_;
  const Message message = make_message(asked, address);

  aws_signing_config_aws signing;
  aws_s3_init_default_signing_config(&signing, cursor(address.region), session.provider());
  if (address.sign_payload) signing.signed_body_value = cursor(asked.payload_hash);
  aws_uri endpoint{};
  const aws_byte_cursor text = cursor(address.endpoint);
  if (aws_uri_init_parse(&endpoint, aws_default_allocator(), &text) != AWS_OP_SUCCESS) {
    return nullptr;
  }

  aws_s3_meta_request_options options{};
  options.type = AWS_S3_META_REQUEST_TYPE_DEFAULT;  // exactly one HTTP request
  options.operation_name = cursor(asked.operation);
  options.message = message.get();
  options.signing_config = &signing;
  options.endpoint = &endpoint;
  if (asked.body && !asked.body->empty()) {
    set_body(options, message.get(), asked.body->span());
  }
  options.user_data = attempt.get();
  options.headers_callback = on_headers;
  if (asked.in_place > 0) {
    const ByteSpan room = attempt->request_->room();
    attempt->place_ = aws_byte_buf_from_empty_array(room.data(), room.size());
    set_place(options, attempt->place_);
    options.progress_callback = on_progress;
  } else {
    options.body_callback = on_body;
  }
  options.finish_callback = on_finish;
  options.shutdown_callback = on_gone;
  attempt->meta_ = aws_s3_client_make_meta_request(session.client(), &options);
  aws_uri_clean_up(&endpoint);
  return attempt->meta_ != nullptr ? attempt.release() : nullptr;
}

int Attempt::on_headers(aws_s3_meta_request*, const aws_http_headers* headers, int status,
                        void* self) {
  Request& request = *static_cast<Attempt*>(self)->request_;
  request.answer.status = status;
  for (std::size_t i = 0; i < aws_http_headers_count(headers); ++i) {
    aws_http_header each{};
    if (aws_http_headers_get_index(headers, i, &each) == AWS_OP_SUCCESS) {
      request.on_header(view(each.name), view(each.value));
    }
  }
  return AWS_OP_SUCCESS;
}

int Attempt::on_body(aws_s3_meta_request*, const aws_byte_cursor* piece, std::uint64_t,
                     void* self) {
  static_cast<Attempt*>(self)->request_->on_body(
      {reinterpret_cast<const std::byte*>(piece->ptr), piece->len});
  return AWS_OP_SUCCESS;
}

void Attempt::on_progress(aws_s3_meta_request*, const aws_s3_meta_request_progress* progress,
                          void* self) {
  static_cast<Attempt*>(self)->request_->answer.received += progress->bytes_transferred;
}

void Attempt::on_finish(aws_s3_meta_request* meta, const aws_s3_meta_request_result* result,
                        void* self) {
  Attempt& attempt = *static_cast<Attempt*>(self);
  std::optional<Failure> failure;
  if (result->error_code != AWS_ERROR_SUCCESS) {
    failure.emplace();
    failure->engine_error = result->error_code;
    failure->http_status = result->response_status;
    if (result->error_response_body != nullptr) {
      failure->body = view(aws_byte_cursor_from_buf(result->error_response_body));
    }
    failure->bucket_region = header(result->error_response_headers, "x-amz-bucket-region");
  }
  attempt.finish_(attempt, failure);
  attempt.finish_ = nullptr;
  aws_s3_meta_request_release(meta);
}

void Attempt::on_gone(void* self) { delete static_cast<Attempt*>(self); }

}  // namespace arraymorph::store::s3
