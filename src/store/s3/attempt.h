// Attempt: one try of a Request inside the engine.
#pragma once

#include <aws/s3/s3_client.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "store/s3/errors.h"
#include "store/s3/request.h"
#include "store/s3/session.h"

namespace arraymorph::store::s3 {

/// Where requests of one bucket go.
struct Address {
  std::string endpoint;     ///< "http://host:port", with the bucket in front where it belongs there
  std::string host;         ///< its authority
  std::string path_prefix;  ///< "" or "/bucket"
  std::string region;
  bool sign_payload = false;
  bool literal_keys = false;  ///< keys go into the request line as they are, queries included
};

/// The HTTP request that `request` is at `address`, without its body. One reference is the
/// caller's.
aws_http_message* new_message(const Request& request, const Address& address);

class Attempt {
 public:
  /// Called once, from a thread of the engine; no failure: request->answer is complete.
  using Finish = std::function<void(Attempt&, const std::optional<Failure>&)>;

  /// Null when the engine refuses it (aws_last_error says why), and `finish` is never called.
  /// Otherwise the object belongs to the engine and lives until after `finish`.
  static Attempt* start(const Session& session, const Address& address,
                        std::shared_ptr<Request> request, Finish finish);

  /// Whether this engine can receive a body where Request::in_place asks for it.
  static bool receives_in_place();

  void cancel() { aws_s3_meta_request_cancel(meta_); }
  const std::shared_ptr<Request>& request() const { return request_; }

 private:
  Attempt(std::shared_ptr<Request> request, Finish finish)
      : request_(std::move(request)), finish_(std::move(finish)) {}

  static int on_headers(aws_s3_meta_request*, const aws_http_headers* headers, int status,
                        void* self);
  static int on_body(aws_s3_meta_request*, const aws_byte_cursor* piece, std::uint64_t, void* self);
  static void on_progress(aws_s3_meta_request*, const aws_s3_meta_request_progress* progress,
                          void* self);
  static void on_telemetry(aws_s3_meta_request*, aws_s3_request_metrics* metrics, void* self);
  static void on_finish(aws_s3_meta_request* meta, const aws_s3_meta_request_result* result,
                        void* self);
  static void on_gone(void* self);

  const std::shared_ptr<Request> request_;
  Finish finish_;
  aws_byte_buf place_{};      // where the engine receives the body
  int seen_status_ = 0;       // of the answer, also where the result of the engine hides it
  unsigned retry_after_ = 0;  // seconds, from the answer's headers
  std::optional<std::int64_t> clock_ahead_;  // seconds, from its Date
  aws_s3_meta_request* meta_ = nullptr;
};

}  // namespace arraymorph::store::s3
