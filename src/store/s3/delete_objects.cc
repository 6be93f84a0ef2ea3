// One DELETE per key: every server has it, and connections are kept busy.
#include <mutex>
#include <utility>

#include "store/s3/verbs.h"

namespace arraymorph::store::s3 {
namespace {

// Calls `done` after the last of `pending` answers, with the first failure.
class Join {
 public:
  Join(std::size_t pending, DoneStatus done) : pending_(pending), done_(std::move(done)) {}

  void arrive(const Status& status) {
    Status first;
    {
      const std::lock_guard lock(mutex_);
      if (first_.ok()) first_ = status;
      if (--pending_ > 0) return;
      first = first_;
    }
    done_(first);
  }

 private:
  std::mutex mutex_;
  std::size_t pending_;
  Status first_;
  DoneStatus done_;
};

}  // namespace

void delete_objects(Client& client, std::vector<std::string> keys, DoneStatus done) {
  if (keys.empty()) return done(Status());
  const auto join = std::make_shared<Join>(keys.size(), std::move(done));
  for (std::string& key : keys) {
    const auto asked = std::make_shared<Request>();
    asked->method = "DELETE";
    asked->operation = "DeleteObject";
    asked->key = std::move(key);
    asked->done = [join](const Result<Answer>& answer) {
      const Status status = answer.status();
      join->arrive(status.code() == Code::not_found ? Status() : status);
    };
    client.send(asked);
  }
}

}  // namespace arraymorph::store::s3
