// Moving bytes between stores in parallel: ranges of objects to objects, and segments into one.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "arraymorph/object_store.h"

namespace arraymorph::store {

/// What a transfer has done so far; read, and cancelled, from any thread while it runs.
struct Transfer {
  std::atomic<std::uint64_t> bytes{0};  ///< at their destination
  std::atomic<std::uint64_t> items{0};  ///< objects, or parts of the assembled one
  std::atomic<bool> cancelled{false};   ///< nothing more is begun
};

/// Bounds of a transfer; at least one item is always under way.
struct TransferLimits {
  std::uint64_t bytes = std::uint64_t{256} << 20;  ///< in memory
  std::size_t requests = 128;                      ///< to the source
};

/// What a source has to be all the time; else Code::conflict, "changed in the middle".
struct Source {
  ObjectStore* store = nullptr;
  std::string etag;  ///< of the object that ranges are taken from; empty: not checked
};

struct Move {
  std::string from;
  std::optional<std::uint64_t> offset;  ///< nothing: the whole object
  std::uint64_t length = 0;             ///< bytes; of a whole object what it has to have
  std::string to;
  std::uint64_t size = 0;  ///< of the object that is made: `length`, or more, filled up with zeros
};

/// Every range, or whole object, becomes an object of `target`, with its CRC-32C. Whole objects
/// inside one store are copied by the server. Neighbouring small ranges, in the order given, are
/// read together. Blocks; returns the first failure, or Code::conflict, after everything has come
/// to rest; unavailable "cancelled" where that was asked for.
Status move_objects(const Source& source, ObjectStore& target, const std::vector<Move>& moves,
                    const TransferLimits& limits, Transfer& transfer);

/// Holds what a move would take against what lies at its target. Code::corrupt names the first that
/// differs.
Status compare_objects(const Source& source, ObjectStore& target, const std::vector<Move>& moves,
                       const TransferLimits& limits, Transfer& transfer);

/// Bytes [offset, offset + length) of the assembled object.
struct Segment {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::string key;                ///< object they come from; empty: the literal bytes
  std::uint64_t begin = 0;        ///< where they begin there
  std::uint64_t object_size = 0;  ///< where known: the whole object is then read, and verified
};

/// Puts every part that `upload` does not have yet, out of `segments` (ascending, not overlapping;
/// what no segment covers is zero) and `literal`; does not finish it. `size` is the upload's. As
/// move_objects otherwise.
Status assemble(const Source& source, ConstByteSpan literal, const std::vector<Segment>& segments,
                std::uint64_t size, Upload& upload, const TransferLimits& limits,
                Transfer& transfer);

}  // namespace arraymorph::store
