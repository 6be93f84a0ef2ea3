#include "store/move.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include "runtime/checksum.h"
#include "store/flow.h"

namespace arraymorph::store {
namespace {

// Ranges are read together up to this size, where no more than this lies between them.
constexpr std::uint64_t kMostTogether = 4 << 20;
constexpr std::uint64_t kMostBetween = 64 << 10;

/// Moves [first, last) of a list whose bytes are read with one request.
struct Batch {
  std::size_t first = 0;
  std::size_t last = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

Batch next_batch(const std::vector<Move>& moves, std::size_t first) {
  const Move& move = moves[first];
  Batch batch{first, first + 1, move.offset.value_or(0), move.length};
  if (!move.offset) return batch;
  for (; batch.last < moves.size(); ++batch.last) {
    const Move& next = moves[batch.last];
    const std::uint64_t end = batch.offset + batch.length;
    const bool near = next.from == move.from && next.offset && *next.offset >= end &&
                      *next.offset - end <= kMostBetween;
    if (!near || *next.offset + next.length - batch.offset > kMostTogether) break;
    batch.length = *next.offset + next.length - batch.offset;
  }
  return batch;
}

/// The bytes of one move as an object; those of the whole batch where they are the same.
std::shared_ptr<const Buffer> body_of(const Move& move, const Batch& batch,
                                      const std::shared_ptr<const Buffer>& read) {
  if (batch.last - batch.first == 1 && move.size == move.length) return read;
  Buffer body(static_cast<std::size_t>(move.size));
  if (move.length > 0) {
    std::memcpy(body.data(), read->data() + (move.offset.value_or(0) - batch.offset), move.length);
  }
  if (move.size > move.length) std::memset(body.data() + move.length, 0, move.size - move.length);
  return std::make_shared<const Buffer>(std::move(body));
}

enum class Purpose { store, compare };

class Mover : public std::enable_shared_from_this<Mover> {
 public:
  Mover(const Source& source, ObjectStore& target, const std::vector<Move>& moves,
        const TransferLimits& limits, Transfer& transfer, Purpose purpose)
      : source_(source),
        target_(target),
        moves_(moves),
        purpose_(purpose),
        flow_(limits, transfer, transfer_workers()) {}

  Status run() {
    for (std::size_t next = 0; next < moves_.size();) {
      const Batch batch = next_batch(moves_, next);
      next = batch.last;
      if (!flow_.begin(batch.length)) break;
      start(batch);
    }
    return flow_.wait();
  }

 private:
  void start(const Batch& batch) {
    const Move& move = moves_[batch.first];
    if (purpose_ == Purpose::store && !move.offset && source_.store == &target_) {
      target_.copy(move.from, move.to, [self = shared_from_this(), batch](const Status& status) {
        self->arrived(self->moves_[batch.first].length, status);
        self->flow_.end(batch.length);
      });
      return;
    }
    if (batch.length == 0) {  // nothing has no range
      GetReply empty;
      empty.etag = source_.etag;
      return read(batch, std::move(empty));
    }
    GetRequest request;
    request.key = move.from;
    if (move.offset) request.range = ByteRange{batch.offset, batch.length};
    request.expected = batch.length;
    source_.store->get(std::move(request),
                       [self = shared_from_this(), batch](Result<GetReply> reply) {
                         self->read(batch, std::move(reply));
                       });
  }

  void read(const Batch& batch, Result<GetReply> reply) {
    const std::string& key = moves_[batch.first].from;
    if (const Status status = check_source(source_, key, reply, batch.length); !status.ok()) {
      flow_.fail(status);
      return flow_.end(batch.length);
    }
    auto body = std::make_shared<const Buffer>(std::move(reply->body));
    flow_.work([self = shared_from_this(), batch, body = std::move(body),
                checksum = reply->checksum] { self->write(batch, body, checksum); });
  }

  void write(const Batch& batch, const std::shared_ptr<const Buffer>& body,
             std::optional<std::uint32_t> checksum) {
    const auto pending = std::make_shared<std::atomic<std::size_t>>(batch.last - batch.first);
    for (std::size_t i = batch.first; i < batch.last; ++i) {
      const Move& move = moves_[i];
      const auto done = [self = shared_from_this(), batch, pending,
                         length = move.length](const Status& status) {
        self->arrived(length, status);
        if (--*pending == 0) self->flow_.end(batch.length);
      };
      if (purpose_ == Purpose::compare) {
        compare(move, body_of(move, batch, body), done);
      } else {
        PutRequest request{move.to, body_of(move, batch, body), {}};
        request.checksum = !move.offset && checksum ? checksum : crc32c(request.body->span());
        target_.put(std::move(request),
                    [done](const Result<PutReply>& reply) { done(reply.status()); });
      }
    }
  }

  void compare(const Move& move, std::shared_ptr<const Buffer> body, const DoneStatus& done) {
    GetRequest request;
    request.key = move.to;
    request.expected = move.size;
    target_.get(std::move(request), [name = target_.url() + "/" + move.to, body = std::move(body),
                                     done](const Result<GetReply>& reply) {
      if (!reply.ok()) return done(reply.status());
      const bool same = reply->received == body->size() &&
                        (body->empty() ||
                         std::memcmp(reply->body.data(), body->data(), body->size()) == 0);
      done(same ? Status() : Status(Code::corrupt, name + " differs from what was copied there"));
    });
  }

  void arrived(std::uint64_t length, const Status& status) {
    if (!status.ok()) return flow_.fail(status);
    flow_.done(length, 1);
  }

  const Source source_;
  ObjectStore& target_;
  const std::vector<Move>& moves_;
  const Purpose purpose_;
  Flow flow_;
};

}  // namespace

unsigned transfer_workers() { return std::max(1u, std::thread::hardware_concurrency()); }

Status check_source(const Source& source, const std::string& key, const Result<GetReply>& reply,
                    std::uint64_t length) {
  if (!reply.ok()) return reply.status();
  const std::string what = source.store->url() + "/" + key;
  if (!source.etag.empty() && reply->etag != source.etag) {
    return {Code::conflict, what + " was changed while it was copied (its entity tag is " +
                                reply->etag + ", it was " + source.etag +
                                "): copy it again when nobody writes to it"};
  }
  if (reply->received != length) {
    return {Code::conflict, what + " was changed while it was copied: " +
                                std::to_string(reply->received) + " bytes instead of " +
                                std::to_string(length) +
                                "; copy it again when nobody writes to it"};
  }
  return {};
}

Status move_objects(const Source& source, ObjectStore& target, const std::vector<Move>& moves,
                    const TransferLimits& limits, Transfer& transfer) {
  return std::make_shared<Mover>(source, target, moves, limits, transfer, Purpose::store)->run();
}

Status compare_objects(const Source& source, ObjectStore& target, const std::vector<Move>& moves,
                       const TransferLimits& limits, Transfer& transfer) {
  return std::make_shared<Mover>(source, target, moves, limits, transfer, Purpose::compare)->run();
}

}  // namespace arraymorph::store
