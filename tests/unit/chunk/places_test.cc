// Chunks that lie in one object: where they are, and how they are fetched.
#include "chunk/places.h"

#include <algorithm>
#include <random>

#include "unit/chunk/array_fixture.h"

namespace arraymorph::chunk {
namespace {

using test::Verb;

PlacesObject object_of(std::uint64_t size) {
  PlacesObject object;
  object.name = "file.h5/x";
  object.key = "file.h5";
  object.etag = "tag";
  object.size = size;
  return object;
}

TEST(Places, ContiguousPiecesFollowEachOther) {
  const Grid grid{{10, 6}, {4, 6}, 8};
  const auto places = make_contiguous_places(object_of(1000), grid, 100);
  ASSERT_OK(places.status());
  EXPECT_EQ((*places)->find({0, 0}), (Place{100, 192, 0}));
  EXPECT_EQ((*places)->find({1, 0}), (Place{292, 192, 0}));
  EXPECT_EQ((*places)->find({2, 0}), (Place{484, 96, 0}));  // cut off by the edge
}

TEST(Places, ContiguousRowsMayBeCut) {
  const Grid grid{{2, 10}, {1, 4}, 2};
  const auto places = make_contiguous_places(object_of(40), grid, 0);
  ASSERT_OK(places.status());
  EXPECT_EQ((*places)->find({0, 2}), (Place{16, 4, 0}));
  EXPECT_EQ((*places)->find({1, 0}), (Place{20, 8, 0}));
  EXPECT_EQ((*places)->find({1, 2}), (Place{36, 4, 0}));
}

TEST(Places, ContiguousArrayHasToFitIntoTheObject) {
  const Grid grid{{10}, {10}, 8};
  EXPECT_EQ(make_contiguous_places(object_of(99), grid, 20).status().code(), Code::corrupt);
  EXPECT_EQ(make_contiguous_places(object_of(99), grid, 100).status().code(), Code::corrupt);
  EXPECT_EQ(make_contiguous_places(object_of(99), grid, ~0ull).status().code(), Code::corrupt);
  EXPECT_OK(make_contiguous_places(object_of(100), grid, 20).status());
}

TEST(Places, TableFindsWhatIsThere) {
  const Grid grid{{100, 100}, {10, 10}, 8};
  const std::vector<PlacedChunk> chunks = {
      {{9, 9}, {500, 70, 1}}, {{0, 0}, {8, 9, 0}}, {{3, 4}, {20, 30, 2}}, {{10, 0}, {1, 1, 0}}};
  const auto places = make_places(object_of(1000), grid, chunks, false);
  ASSERT_OK(places.status());
  EXPECT_EQ((*places)->find({9, 9}), (Place{500, 70, 1}));
  EXPECT_EQ((*places)->find({0, 0}), (Place{8, 9, 0}));
  EXPECT_EQ((*places)->find({3, 4}), (Place{20, 30, 2}));
  EXPECT_EQ((*places)->find({4, 3}), std::nullopt);
}

TEST(Places, ChunksAreListedInTheOrderOfTheObject) {
  const Grid grid{{100}, {10}, 8};
  const auto table = make_places(object_of(1000), grid,
                                 {{{9}, {80, 8, 0}}, {{1}, {500, 8, 0}}, {{4}, {10, 8, 0}}}, false);
  ASSERT_OK(table.status());
  EXPECT_EQ((*table)->count(), 3u);
  const auto listed = (*table)->between(10, 500);
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].index, Index{4});
  EXPECT_EQ(listed[1].index, Index{9});
  EXPECT_EQ(listed[1].place, (Place{80, 8, 0}));

  const auto contiguous = make_contiguous_places(object_of(1000), {{4, 10}, {1, 4}, 2}, 100);
  ASSERT_OK(contiguous.status());
  EXPECT_EQ((*contiguous)->count(), 12u);
  const auto pieces = (*contiguous)->between(120, 141);
  ASSERT_EQ(pieces.size(), 4u);
  EXPECT_EQ(pieces[0].index, (Index{1, 0}));
  EXPECT_EQ(pieces[3].index, (Index{2, 0}));
}

TEST(Places, TableOfADamagedIndexIsRefused) {
  const Grid grid{{100}, {10}, 8};
  const auto code = [&](const std::vector<PlacedChunk>& chunks, bool unfiltered) {
    return make_places(object_of(1000), grid, chunks, unfiltered).status().code();
  };
  EXPECT_EQ(code({{{0}, {990, 20, 0}}}, false), Code::corrupt);        // past the end
  EXPECT_EQ(code({{{0}, {~0ull - 4, 20, 0}}}, false), Code::corrupt);  // overflows
  EXPECT_EQ(code({{{0}, {0, 3ull << 20, 0}}}, false), Code::corrupt);  // no filter does that
  EXPECT_EQ(code({{{0}, {0, 79, 0}}}, true), Code::corrupt);           // less than a chunk
  EXPECT_EQ(code({{{1}, {0, 80, 0}}, {{1}, {80, 80, 0}}}, true), Code::corrupt);  // twice
  EXPECT_EQ(code({{{1}, {0, 80, 0}}, {{2}, {80, 80, 0}}}, true), Code::ok);
}

class PlacedReads : public ArrayTest {
 protected:
  static constexpr std::uint64_t kChunk = 16;

  /// An object that holds `values` in chunks of kChunk, in random order and with gaps.
  std::unique_ptr<Array> place(const Values& values, const std::vector<FilterSpec>& filters,
                               std::uint64_t gap) {
    ArraySpec spec = make_spec({values.size()}, {kChunk}, false);
    spec.codec = make_builtin_codec(filters, 8);
    const std::uint64_t count = (values.size() + kChunk - 1) / kChunk;
    std::vector<std::uint64_t> order(count);
    for (std::uint64_t i = 0; i < count; ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), std::mt19937(5));
    std::vector<std::byte> bytes(gap);
    std::vector<PlacedChunk> chunks;
    for (const std::uint64_t i : order) {
      Values chunk(kChunk);
      const auto here = std::min<std::uint64_t>(kChunk, values.size() - i * kChunk);
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(i * kChunk), here, chunk.begin());
      auto encoded = spec.codec->encode(std::as_bytes(std::span(chunk)));
      EXPECT_OK(encoded.status());
      const auto span = encoded->bytes.span();
      chunks.push_back({{i}, {bytes.size(), span.size(), encoded->filter_mask}});
      bytes.insert(bytes.end(), span.begin(), span.end());
      bytes.resize(bytes.size() + gap);
    }
    PutRequest put;
    put.key = "file.h5";
    put.body = std::make_shared<const Buffer>(Buffer::copy_of(bytes));
    const auto stored = arraymorph::put(*store_, std::move(put));
    EXPECT_OK(stored.status());
    PlacesObject object = object_of(bytes.size());
    object.etag = stored->etag;
    object.look = look_;
    object.waits = waits_;
    const auto places = make_places(std::move(object), spec.grid, chunks, spec.codec->identity());
    EXPECT_OK(places.status());
    spec.places = *places;
    store_->reset_counts();
    return open(std::move(spec));
  }

  decltype(PlacesObject::look) look_;
  decltype(PlacesObject::waits) waits_;
};

TEST_F(PlacedReads, NeighboursShareRequests) {
  for (const bool filtered : {false, true}) {
    const Values values = counting(1000);
    const auto array =
        place(values, filtered ? std::vector{shuffle(), deflate()} : std::vector<FilterSpec>{}, 0);
    Values read_values(1000);
    ASSERT_OK(read(*engine_, *array, 0, read_values));
    EXPECT_EQ(read_values, values);
    EXPECT_EQ(count(Verb::get), 1u) << filtered;
    ASSERT_OK(read(*engine_, *array, 3, read_values = Values(500)));
    EXPECT_EQ(read_values, counting(500, 103));
  }
}

TEST_F(PlacedReads, FarChunksAreAskedForApart) {
  EngineLimits limits;
  limits.link = {1e-3, 1e-6, 1e-6};  // a byte costs as much as a request
  use(limits);
  const auto array = place(counting(160), {shuffle(), deflate()}, 5000);
  Values values(160);
  ASSERT_OK(read(*engine_, *array, 0, values));
  EXPECT_EQ(values, counting(160));
  EXPECT_EQ(count(Verb::get), 10u);
}

TEST_F(PlacedReads, WhatIsInMemoryIsNotAskedFor) {
  std::shared_ptr<const Buffer> copy;
  look_ = [&](std::uint64_t offset, std::uint64_t length) {
    if (!copy) return KeptBytes();
    return KeptBytes{copy, copy->span().subspan(offset, length)};
  };
  for (const bool filtered : {false, true}) {
    copy.reset();
    const auto array =
        place(counting(100), filtered ? std::vector{deflate()} : std::vector<FilterSpec>{}, 3);
    const auto whole = get(*store_, {"file.h5", {}, {}});
    ASSERT_OK(whole.status());
    copy = std::make_shared<const Buffer>(Buffer::copy_of(whole->body.span()));
    store_->reset_counts();
    Values values(100);
    ASSERT_OK(read(*engine_, *array, 0, values));
    EXPECT_EQ(values, counting(100));
    EXPECT_EQ(count(Verb::get), 0u);
  }
}

TEST_F(PlacedReads, ReplacedObjectIsNoticed) {
  const auto array = place(counting(100), {deflate()}, 0);
  const auto whole = get(*store_, {"file.h5", {}, {}});
  ASSERT_OK(whole.status());
  PutRequest put;
  put.key = "file.h5";
  put.body = std::make_shared<const Buffer>(Buffer::copy_of(whole->body.span()));
  ASSERT_OK(arraymorph::put(*store_, std::move(put)).status());
  Values values(100);
  const Status replaced = read(*engine_, *array, 0, values);
  EXPECT_EQ(replaced.code(), Code::conflict) << replaced.message();
  ASSERT_OK(remove(*store_, {"file.h5"}));
  const Status removed = read(*engine_, *array, 0, values);
  EXPECT_EQ(removed.code(), Code::conflict) << removed.message();
}

TEST_F(PlacedReads, WhoeverKeepsTheBytesHearsWhatIsWaitedFor) {
  std::vector<std::uint64_t> waited;
  std::uint64_t waited_bytes = 0;
  waits_ = [&](const std::vector<std::uint64_t>& offsets, std::uint64_t bytes, const LinkCost&) {
    waited.insert(waited.end(), offsets.begin(), offsets.end());
    waited_bytes += bytes;
  };
  const auto array = place(counting(160), {shuffle(), deflate()}, 7);
  Values values(kChunk);
  ASSERT_OK(read(*engine_, *array, kChunk, values));
  EXPECT_EQ(values, counting(kChunk, 100 + kChunk));
  EXPECT_EQ(waited.size(), 1u);
  ASSERT_OK(read(*engine_, *array, kChunk, values));
  EXPECT_EQ(waited.size(), 1u) << "it lies in the cache";
  Values all(160);
  ASSERT_OK(read(*engine_, *array, 0, all));
  EXPECT_EQ(waited.size(), 10u);
  EXPECT_EQ(waited_bytes, 10 * kChunk * 8);
}

TEST_F(PlacedReads, OneReadBringsNoMoreThanItNeeds) {
  const auto array = place(counting(1600), {shuffle(), deflate()}, 0);
  Values values(40);
  ASSERT_OK(read(*engine_, *array, 100, values));
  EXPECT_EQ(values, counting(40, 200));
  EXPECT_LE(engine_->cached_bytes(), 4 * kChunk * 8);
}

TEST_F(PlacedReads, ChunksWithoutAPlaceAreFill) {
  ArraySpec spec = make_spec({100}, {kChunk}, false);
  auto places = make_places(object_of(0), spec.grid, {}, false);
  ASSERT_OK(places.status());
  spec.places = *places;
  const auto array = open(std::move(spec));
  Values values(100);
  ASSERT_OK(read(*engine_, *array, 0, values));
  EXPECT_EQ(values, Values(100, 7));
  EXPECT_EQ(count(Verb::get), 0u);
}

}  // namespace
}  // namespace arraymorph::chunk
