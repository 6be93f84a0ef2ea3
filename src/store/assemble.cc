#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "store/flow.h"
#include "store/parts.h"

namespace arraymorph::store {
namespace {

/// What one segment gives to one part.
struct Piece {
  const Segment* segment = nullptr;
  std::uint64_t at = 0;      // in the part
  std::uint64_t begin = 0;   // in the object, or in the literal bytes
  std::uint64_t length = 0;  // bytes
};

/// A part that is being put together.
struct Part {
  std::size_t number = 0;
  std::shared_ptr<Buffer> body;
  std::vector<Piece> fetched;            // pieces that come from objects
  std::atomic<std::size_t> pending{1};   // of these, not arrived; one for whoever begins them
  std::atomic<bool> broken{false};
};

class Assembler : public std::enable_shared_from_this<Assembler> {
 public:
  Assembler(const Source& source, ConstByteSpan literal, const std::vector<Segment>& segments,
            std::uint64_t size, Upload& upload, const TransferLimits& limits, Transfer& transfer)
      : source_(source),
        literal_(literal),
        segments_(segments),
        size_(size),
        upload_(upload),
        flow_(limits, transfer, transfer_workers()) {}

  Status run() {
    auto segment = segments_.begin();
    for (std::size_t number = 0; number < upload_.part_count(); ++number) {
      const std::uint64_t begin = number * upload_.part_size();
      const std::uint64_t length = part_length(number, size_, upload_.part_size());
      while (segment != segments_.end() && segment->offset + segment->length <= begin) ++segment;
      if (upload_.has(number)) {
        flow_.done(length, 1);
        continue;
      }
      if (!flow_.begin(length, 0)) break;
      start(number, begin, length, segment);
    }
    return flow_.wait();
  }

 private:
  using Iterator = std::vector<Segment>::const_iterator;

  void start(std::size_t number, std::uint64_t begin, std::uint64_t length, Iterator segment) {
    const auto part = std::make_shared<Part>();
    part->number = number;
    part->body = std::make_shared<Buffer>(static_cast<std::size_t>(length));
    std::uint64_t filled = 0;
    for (; segment != segments_.end() && segment->offset < begin + length; ++segment) {
      const std::uint64_t from = std::max(segment->offset, begin);
      const std::uint64_t to = std::min(segment->offset + segment->length, begin + length);
      const Piece piece{&*segment, from - begin, segment->begin + (from - segment->offset),
                        to - from};
      zero(*part, filled, piece.at);
      filled = piece.at + piece.length;
      if (!segment->key.empty()) {
        part->fetched.push_back(piece);
      } else {
        std::memcpy(part->body->data() + piece.at, literal_.data() + piece.begin, piece.length);
      }
    }
    zero(*part, filled, length);
    for (const Piece& piece : part->fetched) {
      if (!flow_.begin(0)) {
        part->broken = true;
        break;
      }
      ++part->pending;
      fetch(part, piece);
    }
    arrived(part);
  }

  static void zero(const Part& part, std::uint64_t from, std::uint64_t to) {
    if (to > from) std::memset(part.body->data() + from, 0, to - from);
  }

  void fetch(const std::shared_ptr<Part>& part, const Piece& piece) {
    GetRequest request;
    request.key = piece.segment->key;
    const bool whole = piece.begin == 0 && piece.length == piece.segment->object_size;
    if (!whole) request.range = ByteRange{piece.begin, piece.length};
    request.into = part->body->span().subspan(piece.at, piece.length);
    source_.store->get(std::move(request), [self = shared_from_this(), part,
                                            piece](const Result<GetReply>& reply) {
      const Status status =
          check_source(self->source_, piece.segment->key, reply, piece.length);
      if (!status.ok()) {
        part->broken = true;
        self->flow_.fail(status);
      }
      self->flow_.end(0);
      self->arrived(part);
    });
  }

  // The last to arrive sends the part.
  void arrived(const std::shared_ptr<Part>& part) {
    if (--part->pending > 0) return;
    if (part->broken) return flow_.end(part->body->size(), 0);
    flow_.work([self = shared_from_this(), part] {
      const std::size_t length = part->body->size();
      self->upload_.put_part(part->number, part->body, [self, length](const Status& status) {
        if (status.ok()) {
          self->flow_.done(length, 1);
        } else {
          self->flow_.fail(status);
        }
        self->flow_.end(length, 0);
      });
    });
  }

  const Source source_;
  const ConstByteSpan literal_;
  const std::vector<Segment>& segments_;
  const std::uint64_t size_;
  Upload& upload_;
  Flow flow_;
};

}  // namespace

Status assemble(const Source& source, ConstByteSpan literal, const std::vector<Segment>& segments,
                std::uint64_t size, Upload& upload, const TransferLimits& limits,
                Transfer& transfer) {
  return std::make_shared<Assembler>(source, literal, segments, size, upload, limits, transfer)
      ->run();
}

}  // namespace arraymorph::store
