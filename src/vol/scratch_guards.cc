#include "vol/scratch_guards.h"

#include <algorithm>
#include <new>
#include <set>
#include <span>
#include <utility>

#include "hdf5/api.h"
#include "hdf5/filters.h"

namespace arraymorph::vol {
namespace {

using hdf5::api;
using hdf5::Handle;

constexpr H5Z_filter_t kGuard = 511;      // the last of those that HDF5 leaves to programs
constexpr std::size_t kMostFilters = 15;  // a mask has 32 bits
constexpr unsigned kSize = 0;             // a guard of the decoded chunk, else of a filter's input
constexpr unsigned kLeastSize = ~0u;      // the same where the chunk may come with bytes behind it

using Parameters = std::span<const unsigned>;

std::uint64_t in_bytes(std::uint64_t bits) { return (bits + 7) / 8; }

/// Bits that nbit makes of one element. `at`: where its description starts, and then where it ends.
std::uint64_t nbit_bits(Parameters set, std::size_t& at, unsigned depth) {
  enum Class : unsigned { atomic = 1, array, compound, plain };
  constexpr unsigned kDeepest = 32;
  const auto next = [&]() -> std::uint64_t { return at < set.size() ? set[at++] : 0; };
  const std::uint64_t kind = next();
  const std::uint64_t size = next();
  if (depth > kDeepest) return 0;
  if (kind == plain) return size * 8;
  if (kind == atomic) {
    next();  // byte order
    const std::uint64_t precision = next();
    next();  // offset
    return precision;
  }
  if (kind == array) {
    const std::uint64_t base = at + 1 < set.size() ? set[at + 1] : 0;
    const std::uint64_t bits = nbit_bits(set, at, depth + 1);
    return base == 0 ? 0 : size / base * bits;
  }
  std::uint64_t bits = 0;
  if (kind == compound) {
    for (std::uint64_t members = next(); members > 0 && at < set.size(); --members) {
      next();  // offset
      bits += nbit_bits(set, at, depth + 1);
    }
  }
  return bits;
}

/// The fewest bytes that the filter `id` decodes without reading past their end.
std::uint64_t least_input(unsigned id, Parameters set, ConstByteSpan in) {
  constexpr std::uint64_t kScaleOffsetHeader = 21;
  if (id == H5Z_FILTER_NBIT && set.size() > 3) {
    std::size_t at = 3;
    const std::uint64_t elements = set[2];
    const std::uint64_t bits = nbit_bits(set, at, 0);
    // Second parameter: no bit can be left out, and the bytes pass as they are.
    return set[1] != 0 ? 0 : in_bytes(elements * bits);
  }
  if (id == H5Z_FILTER_SCALEOFFSET && set.size() > 4) {
    if (in.size() < kScaleOffsetHeader) return kScaleOffsetHeader;
    std::uint64_t bits = 0;  // of each element
    for (std::size_t i = 0; i < 4; ++i) bits |= std::to_integer<std::uint64_t>(in[i]) << (8 * i);
    const std::uint64_t elements = set[2];
    return kScaleOffsetHeader + in_bytes(elements * std::min<std::uint64_t>(bits, set[4] * 8ull));
  }
  if (id == H5Z_FILTER_FLETCHER32) return 4;  // the checksum
  return id == H5Z_FILTER_SZIP ? 5 : 1;
}

thread_local std::string refusal;

bool fits(Parameters set, ConstByteSpan in) {
  if (set.size() < 3) return false;
  const std::uint64_t chunk = set[1] | std::uint64_t{set[2]} << 32;
  if (set[0] == kSize && in.size() == chunk) return true;
  if (set[0] == kLeastSize && in.size() >= chunk) return true;
  if (set[0] == kSize || set[0] == kLeastSize) {
    refusal = std::to_string(in.size()) + " bytes decoded, " + std::to_string(chunk) + " expected";
    return false;
  }
  const std::uint64_t least = least_input(set[0], set.subspan(3), in);
  if (in.size() >= least) return true;
  refusal = "cut off: " + std::to_string(in.size()) + " bytes for filter " +
            hdf5::filter_label({static_cast<int>(set[0]), false, {}, ""}) + ", which needs " +
            std::to_string(least);
  return false;
}

/// Nothing may be thrown through HDF5.
size_t guard(unsigned flags, size_t count, const unsigned parameters[], size_t bytes,
             size_t* /*room*/, void** buffer) {
  if ((flags & H5Z_FLAG_REVERSE) == 0) return bytes;
  const ConstByteSpan in(static_cast<const std::byte*>(*buffer), bytes);
  try {
    return fits({parameters, count}, in) ? bytes : 0;
  } catch (const std::bad_alloc&) {
    return 0;
  }
}

thread_local const std::vector<FilterSpec>* kept = nullptr;

/// Guards stand last too, so that this runs after the filters have adapted their parameters.
herr_t keep_parameters(hid_t dcpl, hid_t /*type*/, hid_t /*space*/) {
  if (kept == nullptr) return 0;
  for (const FilterSpec& filter : *kept) {
    if (api().H5Pmodify_filter(dcpl, filter.id, filter.optional ? H5Z_FLAG_OPTIONAL : 0,
                               filter.parameters.size(), filter.parameters.data()) < 0) {
      return -1;
    }
  }
  return 0;
}

bool register_guard() {
  static const H5Z_class2_t its{H5Z_CLASS_T_VERS, kGuard,          1,    1, "arraymorph guard",
                                nullptr,          keep_parameters, guard};
  return api().H5Zfilter_avail(kGuard) > 0 || api().H5Zregister(&its) >= 0;
}

/// Nbit, where no bit can be left out, answers with the size of the buffer, in which a filter that
/// ran before may have left bytes behind the chunk's (a checksum).
bool passes_whole_buffers(const FilterSpec& filter) {
  return filter.id == H5Z_FILTER_NBIT && filter.parameters.size() > 1 && filter.parameters[1] != 0;
}

bool add_guard(hid_t dcpl, std::vector<unsigned> set) {
  return api().H5Pset_filter(dcpl, kGuard, H5Z_FLAG_MANDATORY, set.size(), set.data()) >= 0;
}

}  // namespace

Handle with_guards(hid_t dcpl, const std::vector<FilterSpec>& filters, std::uint64_t chunk_bytes) {
  std::set<int> ids{kGuard};
  for (const FilterSpec& filter : filters) {
    // Parameters are changed by id.
    if (!ids.insert(filter.id).second) return {};
  }
  if (filters.empty() || filters.size() > kMostFilters || !register_guard()) return {};
  Handle list(api().H5Pcopy(dcpl));
  if (!list.valid() || api().H5Premove_filter(list.get(), H5Z_FILTER_ALL) < 0) return {};
  const bool may_grow = std::any_of(filters.begin(), filters.end(), passes_whole_buffers);
  const std::vector<unsigned> size{may_grow ? kLeastSize : kSize,
                                   static_cast<unsigned>(chunk_bytes),
                                   static_cast<unsigned>(chunk_bytes >> 32)};
  if (!add_guard(list.get(), size)) return {};
  for (const FilterSpec& filter : filters) {
    std::vector<unsigned> input = size;
    input[0] = static_cast<unsigned>(filter.id);
    input.insert(input.end(), filter.parameters.begin(), filter.parameters.end());
    const unsigned flags = filter.optional ? H5Z_FLAG_OPTIONAL : H5Z_FLAG_MANDATORY;
    if (api().H5Pset_filter(list.get(), filter.id, flags, filter.parameters.size(),
                            filter.parameters.data()) < 0 ||
        !add_guard(list.get(), input)) {
      return {};
    }
  }
  return list;
}

KeepParameters::KeepParameters(const std::vector<FilterSpec>& filters) { kept = &filters; }
KeepParameters::~KeepParameters() { kept = nullptr; }

// Guard, filter 0, guard, filter 1, guard, ...
std::uint32_t guarded_mask(std::uint32_t mask) {
  std::uint32_t guarded = 0;
  for (unsigned i = 0; i < kMostFilters; ++i) guarded |= (mask >> i & 1u) << (2 * i + 1);
  return guarded;
}

std::uint32_t plain_mask(std::uint32_t guarded) {
  std::uint32_t mask = 0;
  for (unsigned i = 0; i < kMostFilters; ++i) mask |= (guarded >> (2 * i + 1) & 1u) << i;
  return mask;
}

std::string take_refusal() { return std::exchange(refusal, {}); }

}  // namespace arraymorph::vol
