#include "vfd/blocks.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

namespace arraymorph::vfd {
namespace {

constexpr std::uint64_t kSmallWindow = std::uint64_t{256} << 10;
constexpr std::uint64_t kLargestWindow = std::uint64_t{16} << 20;
constexpr std::uint64_t kGrowth = 4;
// Reads that far from the last window, in its lengths, are in the same region.
constexpr std::uint64_t kNear = 8;
// Bytes between two ranges that are fetched rather than making another request.
constexpr std::uint64_t kCheapGap = std::uint64_t{128} << 10;
// Windows longer than that come in parallel parts; on a walk, with the next one.
constexpr std::uint64_t kPart = std::uint64_t{8} << 20;
// What is brought in the background: parts of that size, so many bytes at a time, but no more than
// come in a moment: readers who wait for other bytes share the link with them.
constexpr std::uint64_t kBoughtPart = std::uint64_t{4} << 20;
constexpr std::uint64_t kUnderWay = std::uint64_t{64} << 20;
constexpr double kMoment = 0.25;  // seconds
// Kept of an object however many others there are.
constexpr std::uint64_t kLeastKept = std::uint64_t{32} << 20;
// A read that goes on no further than that behind the last window is one of a walk.
constexpr std::uint64_t kStride = std::uint64_t{1} << 20;

std::uint64_t distance(const ByteRange& window, std::uint64_t offset) {
  const std::uint64_t end = window.offset + window.length;
  if (offset >= end) return offset - end;
  return offset < window.offset ? window.offset - offset : 0;
}

// What the bytes themselves take: nobody can save that.
double transfer(std::uint64_t bytes, const chunk::LinkCost& cost) {
  return static_cast<double>(bytes) * cost.per_byte_of_many;
}

// Of all objects.
std::atomic<std::uint64_t>& kept_in_all() {
  static std::atomic<std::uint64_t> bytes{0};
  return bytes;
}

}  // namespace

std::shared_ptr<Blocks> Blocks::open(std::shared_ptr<ObjectStore> store, PlainObject object,
                                     std::string name, const Limits& limits) {
  return std::shared_ptr<Blocks>(
      new Blocks(std::move(store), std::move(object), std::move(name), limits));
}

Blocks::Blocks(std::shared_ptr<ObjectStore> store, PlainObject object, std::string name,
               const Limits& limits)
    : store_(std::move(store)),
      key_(std::move(object.key)),
      etag_(std::move(object.etag)),
      name_(std::move(name)),
      size_(object.size),
      limits_(limits),
      superblock_(find_superblock(object.head.span())),
      rental_(size_),
      buys_(limits.ahead) {
  last_.length = object.head.size();
  keep(0, std::move(object.head));
}

void Blocks::align(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  page_ = std::clamp<std::uint64_t>(bytes, page_, kLargestWindow);
}

Blocks::~Blocks() { kept_in_all() -= kept_; }

void Blocks::stop() {
  const std::lock_guard lock(mutex_);
  give_up_buying();
}

void Blocks::give_up_buying() {
  buys_ = false;
  buying_.clear();
}

chunk::KeptBytes Blocks::find(std::uint64_t offset) {
  const auto after = extents_.upper_bound(offset);
  if (after == extents_.begin()) return {};
  const auto& [first, kept] = *std::prev(after);
  if (offset - first >= kept.bytes->size()) return {};
  order_.splice(order_.end(), order_, kept.used);
  return {kept.bytes, kept.bytes->span().subspan(offset - first)};
}

std::uint64_t Blocks::take(std::uint64_t offset, ByteSpan into) {
  const ConstByteSpan there = find(offset).span;
  const std::size_t length = std::min(there.size(), into.size());
  if (length > 0) std::memcpy(into.data(), there.data(), length);
  return length;
}

bool Blocks::is_coming(std::uint64_t offset) const {
  const auto after = coming_.upper_bound(offset);
  return after != coming_.begin() && std::prev(after)->second > offset;
}

std::uint64_t Blocks::covered_until(std::uint64_t offset) const {
  if (const auto after = extents_.upper_bound(offset); after != extents_.begin()) {
    const auto found = std::prev(after);
    const std::uint64_t end = found->first + found->second.bytes->size();
    if (end > offset) return end;
  }
  if (!is_coming(offset)) return offset;
  return std::prev(coming_.upper_bound(offset))->second;
}

std::uint64_t Blocks::gap_end(std::uint64_t offset, std::uint64_t end) const {
  if (const auto next = extents_.upper_bound(offset); next != extents_.end()) {
    end = std::min(end, next->first);
  }
  if (const auto next = coming_.upper_bound(offset); next != coming_.end()) {
    end = std::min(end, next->first);
  }
  return end;
}

// Around [offset, end), whose beginning is neither here nor on its way.
ByteRange Blocks::window(std::uint64_t offset, std::uint64_t end) {
  const bool near = distance(last_, offset) <= kNear * step_;
  step_ = near ? std::min(step_ * kGrowth, kLargestWindow) : kSmallWindow;
  step_ = std::max(step_, page_);
  const std::uint64_t first = offset / step_ * step_;
  return {first, std::min(std::max(end, first + step_), size_) - first};
}

void Blocks::keep(std::uint64_t offset, Buffer bytes) {
  if (bytes.empty() || extents_.contains(offset)) return;
  kept_ += bytes.size();
  kept_in_all() += bytes.size();
  order_.push_back(offset);
  extents_[offset] = {std::make_shared<const Buffer>(std::move(bytes)), std::prev(order_.end())};
  while (kept_in_all() > limits_.bytes && kept_ > kLeastKept && order_.size() > 1) {
    const auto oldest = extents_.find(order_.front());
    kept_ -= oldest->second.bytes->size();
    kept_in_all() -= oldest->second.bytes->size();
    extents_.erase(oldest);
    order_.pop_front();
  }
}

void Blocks::arrived(const ByteRange& range, Batch& batch, Result<GetReply> reply) {
  Status status = check_answer(name_, etag_, range, reply);
  Lock lock(mutex_);
  if (status.ok()) {
    keep(range.offset, std::move(reply->body));
  } else {
    give_up_buying();
    if (batch.status.ok()) batch.status = std::move(status);
  }
  coming_.erase(range.offset);
  --batch.coming;
  buy(lock);
  changed_.notify_all();
}

void Blocks::start(const ByteRange& range, const std::shared_ptr<Batch>& batch, Lock& lock) {
  coming_[range.offset] = range.offset + range.length;
  ++batch->coming;
  GetRequest request;
  request.key = key_;
  request.range = range;
  lock.unlock();
  const auto sent = chunk::Link::Clock::now();
  link_.started(sent);
  store_->get(
      std::move(request), [self = shared_from_this(), range, batch, sent](Result<GetReply> reply) {
        self->link_.answered(sent, chunk::Link::Clock::now(), reply.ok() ? reply->received : 0);
        self->arrived(range, *batch, std::move(reply));
      });
  lock.lock();
}

// The next parts, as far as they may be under way.
void Blocks::buy(Lock& lock) {
  if (buying_.empty()) return;
  const auto batch = std::make_shared<Batch>();
  const double moment = std::min(kMoment / link_.cost().per_byte_of_many, double{kUnderWay});
  while (!buying_.empty() && static_cast<double>(coming_.size() * kBoughtPart) < moment) {
    ByteRange& left = buying_.front();
    const std::uint64_t begin = left.offset;
    const std::uint64_t end = begin + left.length;
    const std::uint64_t covered = std::min(covered_until(begin), end);
    const bool missing = covered == begin;
    // What is covered may be followed by more of it.
    const std::uint64_t next =
        missing ? std::min(gap_end(begin, end), begin + kBoughtPart) : covered;
    left = {next, end - next};
    if (left.length == 0) buying_.pop_front();
    if (missing) start({begin, next - begin}, batch, lock);
  }
}

bool Blocks::fits() const { return kept_in_all() - kept_ + size_ <= limits_.bytes; }

void Blocks::rent(const std::vector<std::uint64_t>& offsets, double seconds,
                  const chunk::LinkCost& cost, Lock& lock) {
  if (!buys_ || seconds <= 0) return;
  for (const ByteRange& bought : rental_.waited(offsets, seconds, fits(), missing(), cost)) {
    buying_.push_back(bought);
  }
  buy(lock);
}

void Blocks::waits(const std::vector<std::uint64_t>& offsets, std::uint64_t bytes,
                   const chunk::LinkCost& cost) {
  Lock lock(mutex_);
  if (bytes <= missing() / 2) rent(offsets, cost.latency - transfer(bytes, cost), cost, lock);
}

// What is missing of `range`.
void Blocks::start_gaps(ByteRange range, const std::shared_ptr<Batch>& batch, Lock& lock) {
  const std::uint64_t end = std::min(range.offset + range.length, size_);
  while (range.offset < end) {
    const std::uint64_t covered = covered_until(range.offset);
    if (covered > range.offset) {
      range.offset = covered;
      continue;
    }
    const std::uint64_t stop = std::min(gap_end(range.offset, end), range.offset + kPart);
    start({range.offset, stop - range.offset}, batch, lock);
    range.offset = stop;
  }
}

void Blocks::wait(const Batch& batch, Lock& lock) {
  changed_.wait(lock, [&] { return batch.coming == 0; });
}

Status Blocks::fetch_window(std::uint64_t offset, std::uint64_t end, Lock& lock) {
  const std::uint64_t walked_to = last_.offset + last_.length;
  const ByteRange range = window(offset, end);
  last_ = range;
  const auto batch = std::make_shared<Batch>();
  start_gaps(range, batch, lock);
  // Whoever has come so far goes on.
  if (limits_.ahead && step_ > kPart && offset >= walked_to && offset - walked_to < kStride) {
    start_gaps({range.offset + range.length, step_}, std::make_shared<Batch>(), lock);
    last_.length += step_;
  }
  const auto since = chunk::Link::Clock::now();
  wait(*batch, lock);
  const std::chrono::duration<double> waited = chunk::Link::Clock::now() - since;
  const chunk::LinkCost cost = link_.cost();
  rent({offset}, waited.count() - transfer(range.length, cost), cost, lock);
  return batch->status;
}

Status Blocks::read(std::uint64_t offset, ByteSpan into) {
  ARRAYMORPH_TRY(fill(offset, into));
  if (watch_) watch_(into);
  return {};
}

Status Blocks::fill(std::uint64_t offset, ByteSpan into) {
  Lock lock(mutex_);
  while (!into.empty()) {
    if (offset >= size_) {
      std::memset(into.data(), 0, into.size());
      return {};
    }
    if (const std::uint64_t there = take(offset, into)) {
      into = into.subspan(there);
      offset += there;
    } else if (is_coming(offset)) {
      changed_.wait(lock, [&] { return !is_coming(offset); });
    } else {
      ARRAYMORPH_TRY(fetch_window(offset, std::min(offset + into.size(), size_), lock));
    }
  }
  return {};
}

Status Blocks::bring(const ByteRange& range) {
  Lock lock(mutex_);
  const std::uint64_t end = std::min(range.offset + range.length, size_);
  for (std::uint64_t offset = range.offset; offset < end;) {
    const std::uint64_t covered = covered_until(offset);
    if (covered > offset) {
      changed_.wait(lock, [&] { return !is_coming(offset); });
      offset = covered;
    } else {
      ARRAYMORPH_TRY(fetch_window(offset, end, lock));
    }
  }
  return {};
}

chunk::KeptBytes Blocks::look(std::uint64_t offset, std::uint64_t length) {
  {
    const std::lock_guard lock(mutex_);
    chunk::KeptBytes found = find(offset);
    if (!found.owner) return {};
    if (found.span.size() >= length) {
      found.span = found.span.first(length);
      return found;
    }
  }
  Buffer bytes(length);
  if (!peek(offset, bytes.span())) return {};
  const auto owner = std::make_shared<const Buffer>(std::move(bytes));
  return {owner, owner->span()};
}

bool Blocks::peek(std::uint64_t offset, ByteSpan into) {
  const std::lock_guard lock(mutex_);
  while (!into.empty()) {
    const std::uint64_t there = take(offset, into);
    if (there == 0) return false;
    into = into.subspan(there);
    offset += there;
  }
  return true;
}

namespace {

// Ascending, near ones joined.
std::vector<ByteRange> joined(std::vector<ByteRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const ByteRange& a, const ByteRange& b) { return a.offset < b.offset; });
  std::vector<ByteRange> result;
  for (const ByteRange& range : ranges) {
    if (!result.empty()) {
      ByteRange& last = result.back();
      const std::uint64_t end = std::max(last.offset + last.length, range.offset + range.length);
      if (range.offset <= last.offset + last.length + kCheapGap && end - last.offset <= kPart) {
        last.length = end - last.offset;
        continue;
      }
    }
    result.push_back(range);
  }
  return result;
}

}  // namespace

void Blocks::prefetch(std::vector<ByteRange> ranges) {
  const auto batch = std::make_shared<Batch>();
  Lock lock(mutex_);
  for (const ByteRange& range : joined(std::move(ranges))) start_gaps(range, batch, lock);
  wait(*batch, lock);
}

}  // namespace arraymorph::vfd
