#include "store/http/fetch.h"

#include <utility>

#include "runtime/log.h"
#include "store/s3/errors.h"
#include "store/s3/verbs.h"

namespace arraymorph::store::http {
namespace {

constexpr unsigned kMostRedirects = 5;

class Fetch : public std::enable_shared_from_this<Fetch> {
 public:
  Fetch(std::shared_ptr<Sites> sites, Url url, GetRequest request, Done<s3::Answer> done)
      : sites_(std::move(sites)),
        url_(std::move(url)),
        request_(std::move(request)),
        done_(std::move(done)) {}

  void start() {
    const std::optional<Url> known = sites_->redirected(url_);
    remembered_ = known.has_value();
    ask(known.value_or(url_));
  }

 private:
  void ask(Url at) {
    at_ = std::move(at);
    request_.key = at_.key;
    const std::shared_ptr<s3::Request> asked = s3::ask_object(request_);
    asked->in_place = room_in_place(*asked);
    asked->set_aside = request_.into.empty() ? asked->in_place : 0;
    asked->done = [self = shared_from_this(), asked = asked.get()](Result<s3::Answer> answer) {
      self->on_answer(*asked, std::move(answer));
    };
    sites_->client_of(at_)->send(asked);
  }

  // Of a server that turns out to have no ranges, no more than what was asked for arrives in place;
  // elsewhere the engine collects all that comes. A server without entity tags makes it ask twice.
  std::size_t room_in_place(const s3::Request& asked) {
    const Sites::Manners manners = sites_->manners_of(at_);
    if (!manners.tags || !s3::Attempt::receives_in_place()) return 0;
    if (asked.in_place > 0 || manners.ranges || !request_.range) return asked.in_place;
    const bool fits = request_.into.empty() || request_.range->length <= request_.into.size();
    return fits ? request_.range->length : 0;
  }

  void on_answer(const s3::Request& asked, Result<s3::Answer> answer) {
    if (answer.ok()) {
      const bool ranges = request_.range || sites_->manners_of(at_).ranges;
      sites_->learn(at_, {ranges, !answer->etag.empty()});
      if (answer->etag.empty()) answer->etag = answer->last_modified;
      if (at_.text() != url_.text() && !remembered_) sites_->remember(url_, at_);
      return done_(std::move(answer));
    }
    if (asked.failed_status / 100 == 3 && !asked.location.empty()) {
      return follow_redirect(answer.status(), asked.location);
    }
    if (remembered_) return start_again();
    done_(answer.status());
  }

  // What was good a moment ago may have expired.
  void start_again() {
    sites_->forget(url_);
    remembered_ = false;
    redirects_ = 0;
    ask(url_);
  }

  void follow_redirect(const Status& status, const std::string& location) {
    if (++redirects_ > kMostRedirects) {
      return done_(Status(Code::unavailable,
                          status.message() + ": the server redirects more than " +
                              std::to_string(kMostRedirects) + " times, maybe in a circle"));
    }
    Result<Url> next = follow(at_, location);
    if (!next.ok()) return done_(next.status().with_context(status.message()));
    log(LogLevel::debug, status.message() + ": going on at " + without_secrets(next->text()));
    ask(std::move(*next));
  }

  const std::shared_ptr<Sites> sites_;
  const Url url_;
  GetRequest request_;
  const Done<s3::Answer> done_;
  Url at_;  // where the request under way goes
  bool remembered_ = false;
  unsigned redirects_ = 0;
};

}  // namespace

void fetch(const std::shared_ptr<Sites>& sites, const Url& url, GetRequest request,
           Done<s3::Answer> done) {
  std::make_shared<Fetch>(sites, url, std::move(request), std::move(done))->start();
}

}  // namespace arraymorph::store::http
