#include "chunk/gather.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "chunk/load.h"
#include "chunk/places.h"
#include "chunk/ranges.h"
#include "runtime/stats.h"

namespace arraymorph::chunk {
namespace {

constexpr std::uint64_t kEnough = std::uint64_t{64} << 20;
constexpr std::uint64_t kLeastRequest = std::uint64_t{512} << 10;
constexpr std::uint64_t kMostRequest = std::uint64_t{8} << 20;
constexpr std::uint64_t kWays = 16;  // requests that share the work, where it is enough for them

/// One request: consecutive wants of one array.
struct Joined {
  std::vector<Want> wants;
  ByteRange range;
};

std::uint64_t end_of(const ByteRange& range) { return range.offset + range.length; }

bool share_an_object(const Want& a, const Want& b) {
  return a.load->array->spec.places == b.load->array->spec.places;
}

// `under_way`: stored bytes of the chunks that are, these included.
std::vector<Joined> join(std::vector<Want> wants, std::uint64_t under_way) {
  std::sort(wants.begin(), wants.end(), [](const Want& a, const Want& b) {
    const auto* one = a.load->array->spec.places.get();
    const auto* other = b.load->array->spec.places.get();
    return std::pair(one, a.range.offset) < std::pair(other, b.range.offset);
  });
  const std::uint64_t most = std::clamp(under_way / kWays, kLeastRequest, kMostRequest);
  std::vector<Joined> result;
  for (Want& want : wants) {
    const std::uint64_t gap = cheap_gap(want.load->array->link->cost());
    if (!result.empty() && share_an_object(result.back().wants.back(), want)) {
      Joined& last = result.back();
      const std::uint64_t end = std::max(end_of(last.range), end_of(want.range));
      if (want.range.offset <= end_of(last.range) + gap && end - last.range.offset <= most) {
        last.range.length = end - last.range.offset;
        last.wants.push_back(std::move(want));
        continue;
      }
    }
    const ByteRange range = want.range;
    result.push_back({});
    result.back().range = range;
    result.back().wants.push_back(std::move(want));
  }
  return result;
}

/// The bytes of one want, out of those of its request.
void hand_over(const Want& want, const Joined& request,
               const std::shared_ptr<const Buffer>& bytes) {
  Load& load = *want.load;
  const ConstByteSpan mine =
      bytes->span().subspan(want.range.offset - request.range.offset, want.range.length);
  if (load.parts.empty()) {
    load.kept = {bytes, mine};
  } else {
    std::memcpy(load.parts[want.part].into.data(), mine.data(), mine.size());
  }
}

void answered(const Joined& request, Result<GetReply> reply) {
  const PlacesObject& object = request.wants.front().load->array->spec.places->object();
  const Status status = check_answer(object.name, object.etag, request.range, reply);
  std::shared_ptr<const Buffer> bytes;
  // Received in place there is no body.
  if (status.ok() && !reply->body.empty()) {
    bytes = std::make_shared<const Buffer>(std::move(reply->body));
  }
  for (const Want& want : request.wants) {
    if (bytes) hand_over(want, request, bytes);
    Loads::part_done(want.load, status);
  }
}

void fetch(Joined request) {
  const Want& first = request.wants.front();
  ArrayState& array = *first.load->array;
  GetRequest get;
  get.key = array.spec.places->object().key;
  get.range = request.range;
  if (request.wants.size() == 1 && !first.load->parts.empty()) {
    get.into = first.load->parts[first.part].into;
  }
  count(stats().range_requests);
  const std::shared_ptr<Link> link = array.link;
  const auto sent = Link::Clock::now();
  link->started(sent);
  auto waiting = std::make_shared<const Joined>(std::move(request));
  array.store.get(std::move(get), [waiting, link, sent](Result<GetReply> reply) {
    link->answered(sent, Link::Clock::now(), reply.ok() ? reply->received : 0);
    answered(*waiting, std::move(reply));
  });
}

}  // namespace

void Gather::add(Want want) {
  bytes_ += want.range.length;
  wants_.push_back(std::move(want));
}

bool Gather::enough() const { return bytes_ >= kEnough; }

void Gather::send(Lock& lock) {
  if (wants_.empty()) return;
  std::vector<Want> wants = std::exchange(wants_, {});
  const std::uint64_t bytes = std::exchange(bytes_, 0);
  std::uint64_t decoded = 0;
  for (const Want& want : wants) decoded += want.part == 0 ? want.load->charged : 0;
  // What else is under way is likely to be stored as these are.
  const auto under_way = static_cast<double>(wants.front().load->array->shared->in_flight_bytes) *
                         static_cast<double>(bytes) /
                         static_cast<double>(std::max<std::uint64_t>(decoded, 1));
  lock.unlock();
  for (Joined& request : join(std::move(wants), static_cast<std::uint64_t>(under_way))) {
    fetch(std::move(request));
  }
  lock.lock();
}

}  // namespace arraymorph::chunk
