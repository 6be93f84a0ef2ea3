#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "runtime/checksum.h"
#include "store/flow.h"
#include "store/parts.h"

namespace arraymorph::store {
namespace {

/// What one segment gives to one part.
struct Piece {
  const Segment* segment = nullptr;
  std::uint64_t at = 0;        // in the part
  std::uint64_t begin = 0;     // in the object, or in the literal bytes
  std::uint64_t length = 0;    // bytes
  std::uint32_t checksum = 0;  // once it has been put
};

/// A part that is being put together, in memory or where it goes.
struct Part {
  std::size_t number = 0;
  std::uint64_t length = 0;
  std::vector<Piece> pieces;            // ascending; what lies between them is zero
  std::shared_ptr<Buffer> body;         // none where the upload takes pieces
  std::atomic<std::size_t> pending{1};  // pieces not arrived; one for whoever begins them
  std::atomic<bool> broken{false};
};

std::uint32_t checksum_of(const Part& part) {
  std::uint32_t checksum = 0;
  std::uint64_t end = 0;
  for (const Piece& piece : part.pieces) {
    checksum = crc32c_zeros(checksum, piece.at - end);
    checksum = crc32c_joined(checksum, piece.checksum, piece.length);
    end = piece.at + piece.length;
  }
  return crc32c_zeros(checksum, part.length - end);
}

class Assembler : public std::enable_shared_from_this<Assembler> {
 public:
  Assembler(const Source& source, ConstByteSpan literal, const std::vector<Segment>& segments,
            std::uint64_t size, Upload& upload, const TransferLimits& limits, Transfer& transfer)
      : source_(source),
        literal_(literal),
        segments_(segments),
        size_(size),
        upload_(upload),
        in_memory_(!upload.takes_pieces()),
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
      if (!flow_.begin(in_memory_ ? length : 0, 0)) break;
      const auto part = std::make_shared<Part>();
      part->number = number;
      part->length = length;
      part->pieces = cut(begin, length, segment);
      if (in_memory_) part->body = zeros_between(*part);
      start(part);
      arrived(part);
    }
    return flow_.wait();
  }

 private:
  using Iterator = std::vector<Segment>::const_iterator;

  std::vector<Piece> cut(std::uint64_t begin, std::uint64_t length, Iterator segment) const {
    std::vector<Piece> pieces;
    for (; segment != segments_.end() && segment->offset < begin + length; ++segment) {
      const std::uint64_t from = std::max(segment->offset, begin);
      const std::uint64_t to = std::min(segment->offset + segment->length, begin + length);
      pieces.push_back(
          {&*segment, from - begin, segment->begin + (from - segment->offset), to - from});
    }
    return pieces;
  }

  static std::shared_ptr<Buffer> zeros_between(const Part& part) {
    auto body = std::make_shared<Buffer>(static_cast<std::size_t>(part.length));
    std::uint64_t end = 0;
    const auto zero_until = [&](std::uint64_t to) {
      if (to > end) std::memset(body->data() + end, 0, to - end);
    };
    for (const Piece& piece : part.pieces) {
      zero_until(piece.at);
      end = piece.at + piece.length;
    }
    zero_until(part.length);
    return body;
  }

  void start(const std::shared_ptr<Part>& part) {
    for (Piece& piece : part->pieces) {
      if (piece.segment->key.empty()) {
        const ConstByteSpan bytes = literal_.subspan(piece.begin, piece.length);
        if (in_memory_) {
          std::memcpy(part->body->data() + piece.at, bytes.data(), bytes.size());
        } else {
          put(*part, piece, bytes, crc32c(bytes));
        }
        continue;
      }
      if (!flow_.begin(in_memory_ ? 0 : piece.length)) {
        part->broken = true;
        return;
      }
      ++part->pending;
      fetch(part, piece);
    }
  }

  void fetch(const std::shared_ptr<Part>& part, Piece& piece) {
    GetRequest request;
    request.key = piece.segment->key;
    const bool whole = piece.begin == 0 && piece.length == piece.segment->object_size;
    if (!whole) request.range = ByteRange{piece.begin, piece.length};
    if (in_memory_) request.into = part->body->span().subspan(piece.at, piece.length);
    request.expected = piece.length;
    source_.store->get(std::move(request), [self = shared_from_this(), part, &piece,
                                            whole](Result<GetReply> reply) {
      const Status status = check_source(self->source_, piece.segment->key, reply, piece.length);
      if (!status.ok()) {
        part->broken = true;
        self->flow_.fail(status);
        return self->came(part, piece);
      }
      if (self->in_memory_) return self->came(part, piece);
      const auto body = std::make_shared<const Buffer>(std::move(reply->body));
      const auto known = whole ? reply->checksum : std::nullopt;
      self->flow_.work([self, part, &piece, body, known] {
        self->put(*part, piece, body->span(), known ? *known : crc32c(body->span()));
        self->came(part, piece);
      });
    });
  }

  void put(Part& part, Piece& piece, ConstByteSpan bytes, std::uint32_t checksum) {
    piece.checksum = checksum;
    const Status status = upload_.put_piece(part.number, piece.at, bytes);
    if (status.ok()) return;
    part.broken = true;
    flow_.fail(status);
  }

  void came(const std::shared_ptr<Part>& part, const Piece& piece) {
    flow_.end(in_memory_ ? 0 : piece.length);
    arrived(part);
  }

  // The last to arrive sends the part, or ends it.
  void arrived(const std::shared_ptr<Part>& part) {
    if (--part->pending > 0) return;
    if (part->broken) return over(*part);
    if (!in_memory_) return over(*part, upload_.end_part(part->number, checksum_of(*part)));
    flow_.work([self = shared_from_this(), part] {
      self->upload_.put_part(part->number, part->body,
                             [self, part](const Status& status) { self->over(*part, status); });
    });
  }

  void over(const Part& part, const Status& status) {
    if (status.ok()) {
      flow_.done(part.length, 1);
    } else {
      flow_.fail(status);
    }
    over(part);
  }

  void over(const Part& part) { flow_.end(in_memory_ ? part.length : 0, 0); }

  const Source source_;
  const ConstByteSpan literal_;
  const std::vector<Segment>& segments_;
  const std::uint64_t size_;
  Upload& upload_;
  const bool in_memory_;
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
