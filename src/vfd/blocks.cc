#include "vfd/blocks.h"

#include <algorithm>
#include <condition_variable>
#include <utility>

namespace arraymorph::vfd {
namespace {

constexpr std::uint64_t kSmallWindow = std::uint64_t{256} << 10;
constexpr std::uint64_t kLargestWindow = std::uint64_t{16} << 20;
constexpr std::uint64_t kGrowth = 4;
// Reads that far from the last window, in its lengths, are in the same region.
constexpr std::uint64_t kNear = 8;
// Bytes between two ranges that are fetched rather than making another request.
constexpr std::uint64_t kCheapGap = std::uint64_t{64} << 10;
constexpr std::uint64_t kLargestJoined = std::uint64_t{4} << 20;

std::uint64_t distance(const ByteRange& window, std::uint64_t offset) {
  const std::uint64_t end = window.offset + window.length;
  if (offset >= end) return offset - end;
  return offset < window.offset ? window.offset - offset : 0;
}

}  // namespace

Blocks::Blocks(std::shared_ptr<ObjectStore> store, PlainObject object, std::string name,
               std::uint64_t budget)
    : store_(std::move(store)),
      key_(std::move(object.key)),
      etag_(std::move(object.etag)),
      name_(std::move(name)),
      size_(object.size),
      budget_(std::max(budget, kLargestWindow)),
      superblock_(find_superblock(object.head.span())) {
  last_.length = object.head.size();
  keep(0, std::move(object.head));
}

void Blocks::align(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  page_ = std::clamp<std::uint64_t>(bytes, page_, kLargestWindow);
}

const Buffer* Blocks::find(std::uint64_t offset, std::uint64_t& start) {
  auto after = extents_.upper_bound(offset);
  if (after == extents_.begin()) return nullptr;
  const auto found = std::prev(after);
  if (offset - found->first >= found->second.bytes->size()) return nullptr;
  order_.splice(order_.end(), order_, found->second.used);
  start = found->first;
  return found->second.bytes.get();
}

std::uint64_t Blocks::gap_end(std::uint64_t offset, std::uint64_t end) const {
  const auto next = extents_.upper_bound(offset);
  return next == extents_.end() ? end : std::min(end, next->first);
}

// Around [offset, end), which lies in no extent.
ByteRange Blocks::window(std::uint64_t offset, std::uint64_t end) {
  const bool near = distance(last_, offset) <= kNear * step_;
  step_ = near ? std::min(step_ * kGrowth, kLargestWindow) : kSmallWindow;
  step_ = std::max(step_, page_);
  std::uint64_t first = offset / step_ * step_;
  const std::uint64_t last = std::min(std::max(end, first + step_), size_);
  const auto after = extents_.upper_bound(offset);
  if (after != extents_.begin()) {
    const auto before = std::prev(after);
    first = std::max(first, before->first + before->second.bytes->size());
  }
  return {first, gap_end(offset, last) - first};
}

void Blocks::keep(std::uint64_t offset, Buffer bytes) {
  if (bytes.empty() || extents_.contains(offset)) return;
  kept_ += bytes.size();
  order_.push_back(offset);
  extents_[offset] = {std::make_shared<const Buffer>(std::move(bytes)), std::prev(order_.end())};
  while (kept_ > budget_ && order_.size() > 1) {
    const auto oldest = extents_.find(order_.front());
    kept_ -= oldest->second.bytes->size();
    extents_.erase(oldest);
    order_.pop_front();
  }
}

GetRequest Blocks::request(const ByteRange& range) const {
  GetRequest request;
  request.key = key_;
  request.range = range;
  return request;
}

Status Blocks::read(std::uint64_t offset, ByteSpan into) {
  ARRAYMORPH_TRY(fill(offset, into));
  if (watch_) watch_(into);
  return {};
}

Status Blocks::fill(std::uint64_t offset, ByteSpan into) {
  while (!into.empty()) {
    if (offset >= size_) {
      std::memset(into.data(), 0, into.size());
      return {};
    }
    std::unique_lock lock(mutex_);
    std::uint64_t start = 0;
    if (const Buffer* bytes = find(offset, start)) {
      const std::uint64_t there =
          std::min<std::uint64_t>(bytes->size() - (offset - start), into.size());
      std::memcpy(into.data(), bytes->data() + (offset - start), there);
      into = into.subspan(there);
      offset += there;
      continue;
    }
    const ByteRange range = window(offset, std::min(offset + into.size(), size_));
    last_ = range;
    lock.unlock();
    Result<GetReply> reply = get(*store_, request(range));
    ARRAYMORPH_TRY(check_answer(name_, etag_, range, reply));
    lock.lock();
    keep(range.offset, std::move(reply->body));
  }
  return {};
}

bool Blocks::peek(std::uint64_t offset, ByteSpan into) {
  const std::lock_guard lock(mutex_);
  while (!into.empty()) {
    std::uint64_t start = 0;
    const Buffer* bytes = find(offset, start);
    if (bytes == nullptr) return false;
    const std::uint64_t there =
        std::min<std::uint64_t>(bytes->size() - (offset - start), into.size());
    std::memcpy(into.data(), bytes->data() + (offset - start), there);
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
      if (range.offset <= last.offset + last.length + kCheapGap &&
          end - last.offset <= kLargestJoined) {
        last.length = end - last.offset;
        continue;
      }
    }
    result.push_back(range);
  }
  return result;
}

struct Arrivals {
  std::mutex mutex;
  std::condition_variable all;
  std::size_t coming = 0;
};

}  // namespace

void Blocks::prefetch(std::vector<ByteRange> ranges) {
  std::vector<ByteRange> missing;
  {
    const std::lock_guard lock(mutex_);
    for (ByteRange range : joined(std::move(ranges))) {
      const std::uint64_t end = std::min(range.offset + range.length, size_);
      while (range.offset < end) {
        std::uint64_t start = 0;
        if (const Buffer* bytes = find(range.offset, start)) {
          range.offset = start + bytes->size();
          continue;
        }
        const std::uint64_t stop = gap_end(range.offset, end);
        missing.push_back({range.offset, stop - range.offset});
        range.offset = stop;
      }
    }
  }
  if (missing.empty()) return;
  Arrivals arrivals;
  arrivals.coming = missing.size();
  for (const ByteRange& range : missing) {
    store_->get(request(range), [this, range, &arrivals](Result<GetReply> reply) {
      if (check_answer(name_, etag_, range, reply).ok()) {
        const std::lock_guard lock(mutex_);
        keep(range.offset, std::move(reply->body));
      }
      const std::lock_guard lock(arrivals.mutex);
      if (--arrivals.coming == 0) arrivals.all.notify_one();
    });
  }
  std::unique_lock lock(arrivals.mutex);
  arrivals.all.wait(lock, [&] { return arrivals.coming == 0; });
}

}  // namespace arraymorph::vfd
