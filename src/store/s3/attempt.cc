#include "store/s3/attempt.h"

#include <aws/auth/signing_config.h>
#include <aws/http/request_response.h>
#include <aws/io/stream.h>
#include <aws/io/uri.h>
#include <aws/s3/s3.h>

#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

#include "store/s3/check_answer.h"
#include "store/s3/date.h"

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

}  // namespace

aws_http_message* new_message(const Request& request, const Address& address) {
  Message message(aws_http_message_new_request(aws_default_allocator()));
  std::string path = address.path_prefix;
  if (!request.key.empty()) {
    path += "/" + (address.literal_keys ? request.key : encode_path(request.key));
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
  return message.release();
}

namespace {

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

void take_headers(Request& request, const aws_http_headers* headers, int status) {
  request.answer.status = status;
  for (std::size_t i = 0; i < aws_http_headers_count(headers); ++i) {
    aws_http_header each{};
    if (aws_http_headers_get_index(headers, i, &each) == AWS_OP_SUCCESS) {
      request.on_header(view(each.name), view(each.value));
    }
  }
}

std::optional<std::int64_t> clock_ahead(const std::string& date) {
  const std::int64_t theirs = read_http_date(date);
  if (theirs == 0) return std::nullopt;
  return std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()) - theirs;
}

constexpr std::size_t kMaxErrorBody = 64 << 10;

void read_error(const aws_s3_meta_request_result& result, Failure& failure) {
  if (result.error_response_body != nullptr) {
    failure.body =
        view(aws_byte_cursor_from_buf(result.error_response_body)).substr(0, kMaxErrorBody);
  }
  failure.bucket_region = header(result.error_response_headers, "x-amz-bucket-region");
  failure.location = header(result.error_response_headers, "Location");
}

}  // namespace

bool Attempt::receives_in_place() { return kHasPlace<aws_s3_meta_request_options>; }

Attempt* Attempt::start(const Session& session, const Address& address,
                        std::shared_ptr<Request> request, Finish finish) {
  request->begin_attempt();
  std::unique_ptr<Attempt> attempt(new Attempt(std::move(request), std::move(finish)));
  const Request& asked = *attempt->request_;
  const Message message(new_message(asked, address));

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
  options.telemetry_callback = on_telemetry;
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

// The engine calls the functions below: what they throw must not reach it.
int Attempt::on_headers(aws_s3_meta_request*, const aws_http_headers* headers, int status,
                        void* self) {
  Request& request = *static_cast<Attempt*>(self)->request_;
  try {
    take_headers(request, headers, status);
    // No byte more of an answer to something else: Client says what is wrong with it.
    const bool refused = status / 100 == 2 && check_headers(request, Target());
    return refused ? aws_raise_error(AWS_ERROR_S3_INVALID_CONTENT_RANGE_HEADER) : AWS_OP_SUCCESS;
  } catch (...) {
    request.out_of_memory = true;
    return aws_raise_error(AWS_ERROR_OOM);
  }
}

int Attempt::on_body(aws_s3_meta_request*, const aws_byte_cursor* piece, std::uint64_t,
                     void* self) {
  Request& request = *static_cast<Attempt*>(self)->request_;
  try {
    const bool wanted =
        request.on_body({reinterpret_cast<const std::byte*>(piece->ptr), piece->len});
    return wanted ? AWS_OP_SUCCESS : aws_raise_error(AWS_ERROR_SHORT_BUFFER);
  } catch (...) {
    request.out_of_memory = true;
    return aws_raise_error(AWS_ERROR_OOM);
  }
}

void Attempt::on_progress(aws_s3_meta_request*, const aws_s3_meta_request_progress* progress,
                          void* self) {
  static_cast<Attempt*>(self)->request_->answer.received += progress->bytes_transferred;
}

// What the engine keeps back otherwise: the headers of answers that broke off, as it collects
// bodies before it shows either, and of failures that it would retry itself.
void Attempt::on_telemetry(aws_s3_meta_request*, aws_s3_request_metrics* metrics, void* self) {
  Attempt& attempt = *static_cast<Attempt*>(self);
  Request& request = *attempt.request_;
  int status = 0;
  if (aws_s3_request_metrics_get_response_status_code(metrics, &status) != AWS_OP_SUCCESS) return;
  attempt.seen_status_ = status;
  aws_http_headers* headers = nullptr;
  if (request.answer.status != 0 ||
      aws_s3_request_metrics_get_response_headers(metrics, &headers) != AWS_OP_SUCCESS) {
    return;
  }
  try {
    if (status / 100 == 2) take_headers(request, headers, status);
    const std::string wait = header(headers, "Retry-After");
    std::from_chars(wait.data(), wait.data() + wait.size(), attempt.retry_after_);
    if (status / 100 != 2) attempt.clock_ahead_ = clock_ahead(header(headers, "Date"));
  } catch (...) {
    request.out_of_memory = true;
  }
}

void Attempt::on_finish(aws_s3_meta_request* meta, const aws_s3_meta_request_result* result,
                        void* self) {
  Attempt& attempt = *static_cast<Attempt*>(self);
  std::optional<Failure> failure;
  if (result->error_code != AWS_ERROR_SUCCESS) {
    failure.emplace();
    failure->engine_error = result->error_code;
    failure->http_status = result->response_status;
    failure->seen_status = attempt.seen_status_;
    failure->retry_after = attempt.retry_after_;
    failure->clock_ahead = attempt.clock_ahead_;
    try {
      read_error(*result, *failure);
    } catch (...) {
      failure->body.clear();  // out of memory: told without the server's words
    }
  }
  attempt.finish_(attempt, failure);
  attempt.finish_ = nullptr;
  aws_s3_meta_request_release(meta);
}

void Attempt::on_gone(void* self) { delete static_cast<Attempt*>(self); }

}  // namespace arraymorph::store::s3
