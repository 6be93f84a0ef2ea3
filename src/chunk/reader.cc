// read_chunks: cached chunks and chunks on their way, to the consumer.
#include <algorithm>
#include <utility>

#include "chunk/cache.h"
#include "chunk/load.h"
#include "chunk/missing.h"
#include "chunk/send.h"
#include "runtime/stats.h"

namespace arraymorph::chunk {
namespace {

constexpr std::size_t kMostPieces = 32;       // of one chunk
constexpr double kLongLatency = 0.025;        // seconds that keep every connection busy
constexpr std::uint64_t kLittle = 256 << 10;  // bytes to copy
constexpr std::uint64_t kWindow = 128 << 20;
constexpr std::size_t kMostRemembered = 1 << 16;  // chunks in ArrayState::spent

/// How a chunk that is not in the cache is brought.
struct Way {
  enum class Kind { cached, alone, in_place, pieces } kind = Kind::cached;
  std::vector<Piece> pieces;
};

class Reader {
 public:
  Reader(Shared& shared, std::span<const ChunkAccess> accesses, bool anywhere,
         const ConsumeChunk& consume)
      : shared_(shared),
        accesses_(accesses),
        consume_(consume),
        anywhere_(anywhere),
        loads_(shared, anywhere, [this](const Load& load) { take(load); }) {}

  Status run(const Box* box) {
    Lock lock(shared_.mutex);
    passes_by_ = takes_much();
    in_part_ = box == nullptr || !worth_whole(array_of(0), *box);
    for (std::size_t i = 0; i < accesses_.size() && failure_.ok(); ++i) request(i, lock);
    if (box != nullptr && failure_.ok()) read_ahead(array_of(0), *box, loads_.gather(), lock);
    loads_.send(lock);
    if (!missing_.empty()) tell_of_waiting(lock);
    while (!cached_.empty() || !loads_.idle()) {
      if (!step(lock)) loads_.wait(lock, 0);
    }
    if (failure_.ok() && !gone_.empty()) failure_ = confirm(lock);
    return failure_;
  }

 private:
  struct Cached {
    std::size_t access;
    Entry* entry;  ///< pinned
  };

  ArrayState& array_of(std::size_t access) const {
    return ArrayAccess::state(*accesses_[access].array);
  }

  // Chunks taken whole are more than half of the cache budget.
  bool takes_much() const {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < accesses_.size(); ++i) {
      if (accesses_[i].plan->covers_chunk) bytes += array_of(i).chunk_bytes;
    }
    return bytes > shared_.limits.cache_bytes / 2;
  }

  void request(std::size_t access, Lock& lock) {
    ArrayState& array = array_of(access);
    const Index& index = accesses_[access].plan->index;
    Entry* entry = find(array, index);
    if (entry != nullptr && (entry->data || entry->load != nullptr)) {
      use(*entry, access, lock);
      return;
    }
    if (entry == nullptr && array.absent(index)) {
      consume_fill(access, array, lock);
      return;
    }
    if (KeptBytes kept = entry == nullptr ? in_memory(array, index) : KeptBytes(); kept.owner) {
      take_kept(access, array, std::move(kept), lock);
      return;
    }
    count(stats().cache_misses);
    note_missing(array, index);
    Way way;
    if (entry == nullptr) way = choose(access, array);
    wait_for_room(array, lock);
    switch (way.kind) {
      case Way::Kind::cached: {
        start_evictions(shared_, lock, array.chunk_bytes);
        Entry& pinned = pin(array, index);
        use(pinned, access, lock);
        unpin(pinned);
        break;
      }
      case Way::Kind::alone:
        loads_.start_alone(array, index, access, nullptr, lock);
        break;
      case Way::Kind::in_place:
        loads_.start_alone(array, index, access, in_place(access), lock);
        break;
      case Way::Kind::pieces:
        loads_.start_pieces(array, index, access, way.pieces, memory_of(access), lock);
        break;
    }
  }

  // A whole chunk of one object, where it needs no codec.
  static KeptBytes in_memory(const ArrayState& array, const Index& index) {
    if (!array.spec.places || !array.spec.codec->identity()) return {};
    const auto place = array.spec.places->find(index);
    const auto& look = array.spec.places->object().look;
    if (!place || !look || place->size != array.chunk_bytes) return {};
    return look(place->offset, place->size);
  }

  void take_kept(std::size_t access, ArrayState& array, KeptBytes bytes, Lock& lock) {
    const ChunkPlan& plan = *accesses_[access].plan;
    // Less work than to hand it over to somebody.
    if (plan.elements * array.spec.grid.element_size <= kLittle) {
      count(stats().cache_hits);
      consume(access, bytes.span, lock);
      return;
    }
    count(stats().cache_misses);
    wait_for_room(array, lock);
    loads_.start_kept(array, plan.index, access, std::move(bytes), lock);
  }

  // Chunks that lie elsewhere could not be told from those of the first array.
  void note_missing(const ArrayState& array, const Index& index) {
    if (!array.spec.places || &array != &array_of(0)) return;
    if (const auto place = array.spec.places->find(index)) missing_.push_back(place->offset);
  }

  void tell_of_waiting(Lock& lock) {
    const ArrayState& array = array_of(0);
    const auto& waits = array.spec.places->object().waits;
    if (!waits || array.inherited()) return;
    lock.unlock();
    waits(missing_, missing_.size() * array.chunk_bytes, array.link->cost());
    lock.lock();
  }

  // In the cache, on its way there, or to be brought there.
  void use(Entry& entry, std::size_t access, Lock& lock) {
    use_ahead(entry);
    if (!entry.data) {
      loads_.start(entry, access, lock);
      return;
    }
    count(stats().cache_hits);
    if (entry.unsure) note_gone(*entry.array, entry.index);
    cached_.push_back({access, &pin(*entry.array, entry.index)});
  }

  // What was asked for and has no object: is it the fill value?
  void note_gone(ArrayState& array, const Index& index) {
    if (array.spec.commit != nullptr) gone_.push_back({&array, index});
  }

  Status confirm(Lock& lock) {
    // What is found missing meanwhile is for others to confirm.
    mark(false);
    Status status = confirm_missing(gone_, lock);
    if (!status.ok()) mark(true);
    return status;
  }

  void mark(bool unsure) {
    for (const MissingChunk& each : gone_) {
      const auto entry = each.array->entries.find(each.index);
      if (entry != each.array->entries.end()) entry->second->unsure = unsure;
    }
  }

  std::byte* memory_of(std::size_t access) const {
    return anywhere_ ? accesses_[access].memory : nullptr;
  }

  // Where the whole chunk lies in the caller's buffer in one piece, or null.
  std::byte* in_place(std::size_t access) const {
    const ChunkAccess& each = accesses_[access];
    const Grid& grid = array_of(access).spec.grid;
    if (memory_of(access) == nullptr || !each.plan->covers_chunk ||
        each.plan->elements != grid.chunk_elements()) {
      return nullptr;
    }
    const auto pieces = pieces_of(*each.plan, grid.element_size, 0, 1);
    if (pieces.size() != 1 || !pieces.front().in_one) return nullptr;
    return each.memory + pieces.front().memory_offset;
  }

  Way choose(std::size_t access, ArrayState& array) {
    const bool whole = accesses_[access].plan->covers_chunk;
    const bool stays_out = whole && passes_by_;
    if (array.spec.codec->identity()) {
      if (whole && in_place(access) != nullptr && (stays_out || first_time(access, array))) {
        return {Way::Kind::in_place, {}};
      }
      if (!whole && in_part_ && array.chunk_bytes > shared_.limits.whole_bytes) {
        if (std::vector<Piece> pieces = cheaper_pieces(access, array); !pieces.empty()) {
          return {Way::Kind::pieces, std::move(pieces)};
        }
      }
    }
    return {stays_out ? Way::Kind::alone : Way::Kind::cached, {}};
  }

  double& spent_on(std::size_t access, ArrayState& array) {
    if (array.spent.size() >= kMostRemembered) array.spent.clear();
    return array.spent[accesses_[access].plan->index];
  }

  bool first_time(std::size_t access, ArrayState& array) {
    double& spent = spent_on(access, array);
    if (spent > 0) return false;
    spent =
        chunk_cost(array.link->cost(), accesses_.size(), 1, static_cast<double>(array.chunk_bytes));
    return true;
  }

  // The byte ranges of the chunk when they cost less than the whole, else nothing.
  std::vector<Piece> cheaper_pieces(std::size_t access, ArrayState& array) {
    const ChunkPlan& plan = *accesses_[access].plan;
    const std::uint64_t element = array.spec.grid.element_size;
    const auto chunk_bytes = static_cast<double>(array.chunk_bytes);
    if (static_cast<double>(plan.elements * element) > chunk_bytes / 2) return {};
    const LinkCost cost = array.link->cost();
    std::vector<Piece> pieces = pieces_of(plan, element, cheap_gap(cost), kMostPieces);
    if (pieces.empty()) return {};
    double bytes = 0;
    for (const Piece& piece : pieces) bytes += static_cast<double>(piece.range.length);
    const std::size_t together = accesses_.size();
    const double whole = chunk_cost(cost, together, 1, chunk_bytes);
    const double ranges = chunk_cost(cost, together, static_cast<double>(pieces.size()), bytes);
    double& spent = spent_on(access, array);
    if (whole_is_better(whole, ranges, spent)) return {};
    spent += ranges;
    return pieces;
  }

  // Decoded bytes that may be under way from one object.
  std::uint64_t window() const {
    return std::min(shared_.limits.in_flight_bytes, kWindow + shared_.ahead_bytes);
  }

  // Of large chunks no more are asked for at once than hide the latency: what waits in buffers
  // meanwhile only costs the processor's caches. Of small ones there may be many, for they end
  // faster than this thread can start them. `more`: bytes that must have room as well.
  bool has_room(const ArrayState& array, std::uint64_t more) const {
    // Their requests are for many chunks, of a size that suits the link.
    if (array.spec.places) {
      return shared_.in_flight_requests == 0 ||
             shared_.in_flight_bytes + array.chunk_bytes + more <= window();
    }
    if (!has_capacity(shared_, array.chunk_bytes)) return false;
    if (array.chunk_bytes <= shared_.limits.whole_bytes) return true;
    const auto connections = static_cast<double>(array.spec.connections);
    const double busy = std::clamp(connections * array.link->cost().latency / kLongLatency,
                                   connections / 4, connections);
    return static_cast<double>(shared_.in_flight_requests) < busy;
  }

  // Until a good part has ended, so that requests go out in batches, and chunks that lie in one
  // object share large ones.
  void wait_for_room(const ArrayState& array, Lock& lock) {
    if (has_room(array, 0)) return;
    const std::uint64_t batch = array.spec.places ? window() / 4 : 0;
    while (!has_room(array, batch)) {
      if (!step(lock)) loads_.wait(lock, loads_.outstanding() * 7 / 8);
    }
  }

  void consume(std::size_t access, ConstByteSpan bytes, Lock& lock) {
    lock.unlock();
    Status status = consume_(access, bytes);
    lock.lock();
    fail(std::move(status));
  }

  // Known not to exist: nothing to fetch, nothing worth caching.
  void consume_fill(std::size_t access, ArrayState& array, Lock& lock) {
    lock.unlock();
    Status status = consume_fill_of(access, array);
    lock.lock();
    fail(std::move(status));
  }

  Status consume_fill_of(std::size_t access, const ArrayState& array) {
    std::shared_ptr<Buffer>& chunk = fills_[&array];
    if (!chunk) {
      ARRAYMORPH_ASSIGN(chunk, allocate_chunk(array.chunk_bytes));
      fill_chunk(chunk->span(), array.spec.fill.span());
    }
    return consume_(access, chunk->span());
  }

  // One piece of work for the calling thread.
  bool step(Lock& lock) {
    if (loads_.step(lock)) return true;
    if (cached_.empty()) return false;
    const Cached cached = cached_.back();
    cached_.pop_back();
    if (failure_.ok()) {
      const std::shared_ptr<Buffer> data = cached.entry->data;
      consume(cached.access, data->span(), lock);
    }
    unpin(*cached.entry);
    return true;
  }

  // On any thread when the consumer allows it; no lock held.
  void take(const Load& load) {
    Status status = load.status;
    if (status.ok() && load.missing) {
      const Lock lock(shared_.mutex);
      note_gone(*load.array, *load.index);
    }
    if (status.ok() && load.in_place) return;
    for (std::size_t i = 0; i < load.accesses.size() && status.ok(); ++i) {
      if (failed()) return;
      status = consume_(load.accesses[i], load.bytes());
    }
    if (status.ok()) return;
    const Lock lock(shared_.mutex);
    fail(std::move(status));
  }

  bool failed() const {
    const Lock lock(shared_.mutex);
    return !failure_.ok();
  }

  void fail(Status status) {
    if (failure_.ok()) failure_ = std::move(status);
  }

  Shared& shared_;
  const std::span<const ChunkAccess> accesses_;
  const ConsumeChunk& consume_;
  const bool anywhere_;
  bool passes_by_ = false;  ///< chunks taken whole stay out of the cache
  bool in_part_ = true;     ///< ranges may be asked for
  Loads loads_;
  std::vector<Cached> cached_;
  std::vector<std::uint64_t> missing_;  ///< of the first array, where it lies in one object
  std::vector<MissingChunk> gone_;      ///< whose object is not there
  std::unordered_map<const ArrayState*, std::shared_ptr<Buffer>> fills_;
  Status failure_;
};

}  // namespace

Status read_chunks(Engine& engine, std::span<const ChunkAccess> accesses, bool anywhere,
                   const ConsumeChunk& consume, const Box* box) {
  return Reader(*engine.shared(), accesses, anywhere, consume).run(box);
}

}  // namespace arraymorph::chunk
