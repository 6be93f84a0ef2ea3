// Client when an attempt has failed: why, and whether the answer says what would go better.
#include <string_view>
#include <utility>

#include "runtime/log.h"
#include "runtime/stats.h"
#include "store/s3/check_answer.h"
#include "store/s3/client.h"
#include "store/s3/inquiry.h"
#include "store/s3/region.h"

namespace arraymorph::store::s3 {
namespace {

constexpr std::chrono::seconds kBetweenInquiries{5};

}  // namespace

// What the end of an attempt means; nothing: it has succeeded.
std::optional<Verdict> Client::outcome(const Request& request,
                                       const std::optional<Failure>& failure) {
  const auto refuse = [&](Code code, const char* why) {
    return Verdict{Status(code, describe(request, target_) + why)};
  };
  if (request.out_of_memory) {
    return refuse(Code::internal, ": out of memory for what the server sends");
  }
  if (request.overflow || (!failure && !request.fits())) {
    return refuse(Code::corrupt, ": the object is longer than expected");
  }
  // Also where the attempt was ended because its headers were wrong.
  const bool answered = request.answer.status / 100 == 2;
  if (answered) {
    if (auto wrong = failure ? check_headers(request, target_) : check_answer(request, target_)) {
      return wrong;
    }
  }
  if (!failure) return std::nullopt;
  Verdict verdict = judge(request, *failure, target_for(request));
  const Code code = verdict.status.code();
  if (request.moved && (code == Code::permission_denied || code == Code::invalid_argument)) {
    verdict.status =
        Status(code, verdict.status.message() + "; before, the server refused region " +
                         target_.region + " and asked for " + request.region);
  }
  return verdict;
}

// As the last attempt of `request` saw it.
Target Client::target_for(const Request& request) const {
  Target target = target_;
  if (target.judge == nullptr && request.region != target.region) {
    const S3Endpoint endpoint = in_region(options_.endpoint, request.region);
    target.region = request.region;
    target.endpoint = url_of(endpoint, request.region);
  }
  return target;
}

// Once for each request, and to one region for all of them: a server that names another one with
// each answer is not followed.
bool Client::move_to(Request& request, const std::string& region) {
  if (cancelling_ || request.moved) return false;
  if (address_.region != region) {
    if (address_.region != target_.region) return false;
    address_ = address_of(in_region(options_.endpoint, region), target_.bucket, region);
    const std::string what = "s3://" + target_.bucket + " at " + target_.endpoint +
                             " is in region " + region + ", not in " + target_.region +
                             ": set AWS_REGION=" + region + " (saves a request)";
    log(LogLevel::warn, in_names(what, target_));
  }
  request.moved = true;
  return true;
}

// Answers to HEAD have no body: a GET of the first byte is refused with words. Not needed where
// another request has learned the region meanwhile.
bool Client::may_ask_why(Request& request, const std::optional<Failure>& failure) const {
  if (cancelling_ || request.asked_why || !failure || target_.judge != nullptr) return false;
  const int status = failure->http_status;
  if (std::string_view(request.method) != "HEAD" || (status != 400 && status != 403)) return false;
  request.asked_why = true;
  if (request.region != address_.region) return true;
  request.method = "GET";
  request.operation = "GetObject";
  request.range = ByteRange{0, 1};
  return true;
}

// A HEAD is refused with what the GET in its place was refused with; where that one was not, it may
// be asked again.
void Client::end_asking(Request& request, std::optional<Verdict>& verdict) const {
  request.method = "HEAD";
  request.operation = "HeadObject";
  request.range.reset();
  if (!verdict || verdict->status.code() == Code::not_found) verdict = Verdict{request.refusal};
}

// The last request that failed for good tells for those that fail beside it.
bool Client::may_inquire(const std::optional<Failure>& failure) const {
  if (!failure || failure->http_status != 0 || failure->seen_status < 500) return false;
  if (cancelling_ || inquiring_ || retries_ == 0 || target_.judge != nullptr) return false;
  return std::chrono::steady_clock::now() - inquired_ >= kBetweenInquiries;
}

// Releases the lock: the answer may come before the call returns.
bool Client::inquire_into(Lock& lock, const std::shared_ptr<Request>& request,
                          const Status& status) {
  const auto answered = [self = shared_from_this(), request, status](int seen, std::string body) {
    Failure said;
    said.http_status = seen;
    said.body = std::move(body);
    self->on_inquired(request, status, said);
  };
  const Address address = address_;
  const Session& session = *session_;  // stays while the request is active, its provider may not
  aws_credentials_provider* const provider = session.provider();
  aws_credentials_provider_acquire(provider);
  inquiring_ = true;
  inquired_ = std::chrono::steady_clock::now();
  count(stats().retries);
  lock.unlock();
  bool sent = false;
  try {
    sent = inquire(session, provider, address, request, answered);
  } catch (const std::exception&) {
    sent = false;  // out of memory
  }
  aws_credentials_provider_release(provider);
  lock.lock();
  if (!sent) inquiring_ = false;
  return sent;
}

// Called by the engine, which must not be left by an exception.
void Client::on_inquired(const std::shared_ptr<Request>& request, const Status& status,
                         const Failure& said) {
  Status told = status;
  try {
    // It may have been carried out this time: what is known of it is the attempt before.
    if (said.http_status >= 500 && !said.body.empty()) {
      told = judge(*request, said, target_for(*request)).status;
    }
  } catch (const std::exception&) {
    told = status;
  }
  Lock lock(mutex_);
  inquiring_ = false;
  complete(lock, request, told);
  pump(lock);
}

}  // namespace arraymorph::store::s3
