// How an Array reads: in place, in part, past the cache, ahead of the caller.
#include <algorithm>

#include "runtime/stats.h"
#include "unit/chunk/array_fixture.h"

namespace arraymorph::chunk {
namespace {

using test::Verb;

class ArrayReads : public ArrayTest {
 protected:
  static ArraySpec plain(const Extent& dims, const Extent& chunk) {
    ArraySpec spec = make_spec(dims, chunk, false);
    spec.codec = make_builtin_codec({}, 8);
    return spec;
  }

  /// Stored, and not in the cache.
  std::unique_ptr<Array> stored(ArraySpec spec) {
    std::uint64_t elements = 1;
    for (const std::uint64_t extent : spec.grid.dims) elements *= extent;
    auto array = open(std::move(spec));
    EXPECT_OK(write(*engine_, *array, 0, counting(elements)));
    EXPECT_OK(array->refresh());
    store_->reset_counts();
    reset_stats();
    return array;
  }

  void expect_read(Array& array, std::uint64_t offset, std::size_t size) {
    Values values(size);
    ASSERT_OK(read(*engine_, array, offset, values));
    ASSERT_EQ(values, counting(size, 100 + offset)) << offset;
  }

  /// Bytes cost a lot until they are measured, which takes more than these tests read.
  static EngineLimits in_parts() {
    EngineLimits limits;
    limits.whole_bytes = 0;
    limits.link = {1e-3, 1e-4, 1e-5};
    return limits;
  }
};

TEST_F(ArrayReads, ContiguousChunkIsReceivedInPlaceOnceThenKept) {
  const auto array = stored(plain({100}, {10}));
  expect_read(*array, 0, 100);
  EXPECT_EQ(count(Verb::get), 10u);
  EXPECT_EQ(engine_->cached_bytes(), 0u);
  expect_read(*array, 0, 100);
  EXPECT_EQ(count(Verb::get), 20u);
  EXPECT_EQ(engine_->cached_bytes(), 800u);
  expect_read(*array, 0, 100);
  EXPECT_EQ(count(Verb::get), 20u);
}

TEST_F(ArrayReads, MissingChunkIsFillWhereverItIsReceived) {
  for (const bool parts : {false, true}) {
    use(parts ? in_parts() : EngineLimits());
    auto spec = plain({40}, {10});
    spec.prefix = parts ? "a" : "b";
    const auto array = open(std::move(spec));
    for (const std::size_t size : {40, 10, 3}) {
      Values values(size);
      ASSERT_OK(read(*engine_, *array, 0, values));
      EXPECT_EQ(values, Values(size, 7));
    }
  }
}

TEST_F(ArrayReads, SmallReadsOfOneChunkEndInTheCache) {
  use(in_parts());
  const auto array = stored(plain({100000}, {1000}));
  std::size_t before = 0;
  for (std::uint64_t i = 0; i < 800; ++i) {
    expect_read(*array, (i * 37) % 900, 2);
    before = i < 400 ? count(Verb::get) : before;
  }
  EXPECT_GT(stats().range_requests.load(), 3u);
  EXPECT_LT(count(Verb::get), 400u);
  EXPECT_EQ(count(Verb::get), before);  // all hits at the end
  EXPECT_EQ(count(Verb::get), stats().range_requests.load() + 1);
}

TEST_F(ArrayReads, RangesBringOnlyWhatIsAsked) {
  use(in_parts());
  const auto array = stored(plain({1000, 100}, {500, 50}));
  for (const std::uint64_t row : {3, 700}) {
    expect_read(*array, row * 100, 100);  // one run in each of two chunks
  }
  EXPECT_EQ(count(Verb::get), 4u);
  EXPECT_EQ(stats().range_requests.load(), 4u);
  EXPECT_EQ(engine_->cached_bytes(), 0u);
}

TEST_F(ArrayReads, SecondOfManyStepsInOneChunkTakesItWhole) {
  EngineLimits limits;
  limits.whole_bytes = 0;
  limits.link = {1e-2, 1e-4, 1e-8};
  use(limits);
  const auto array = stored(plain({1000000}, {1000000}));
  expect_read(*array, 30, 10);
  EXPECT_EQ(stats().range_requests.load(), 1u);
  expect_read(*array, 40, 10);
  expect_read(*array, 50, 10);
  EXPECT_EQ(stats().range_requests.load(), 1u);
  EXPECT_EQ(count(Verb::get), 2u);
}

TEST_F(ArrayReads, DirtyChunksAreNeverReadInPart) {
  use(in_parts());
  const auto array = stored(plain({1000}, {100}));
  ASSERT_OK(write(*engine_, *array, 5, {1, 2}));
  store_->reset_counts();
  Values values(4);
  ASSERT_OK(read(*engine_, *array, 4, values));
  EXPECT_EQ(values, (Values{104, 1, 2, 107}));
  EXPECT_EQ(count(Verb::get), 0u);
}

TEST_F(ArrayReads, DamagedObjectIsSeenThroughARange) {
  use(in_parts());
  const auto array = stored(plain({1000}, {100}));
  for (const std::size_t size : {0, 8, 40, 799, 801}) {
    PutRequest request;
    request.key = "run.h5/x/c/3";
    request.body = std::make_shared<const Buffer>(Buffer::copy_of(std::vector<std::byte>(size)));
    ASSERT_OK(arraymorph::put(*store_, std::move(request)).status());
    Values values(2);
    const Status status = read(*engine_, *array, 304, values);
    EXPECT_EQ(status.code(), Code::corrupt) << size << status.message();
    EXPECT_NE(status.message().find("run.h5/x/c/3"), std::string::npos) << status.message();
  }
}

TEST_F(ArrayReads, FailedRangeIsReportedAndAskedAgain) {
  use(in_parts());
  const auto array = stored(plain({1000}, {100}));
  store_->set_fails([](Verb verb, std::size_t, const std::string&) { return verb == Verb::get; });
  Values values(2);
  EXPECT_EQ(read(*engine_, *array, 304, values).code(), Code::unavailable);
  store_->set_fails(nullptr);
  expect_read(*array, 304, 2);
}

TEST_F(ArrayReads, WholeReadsLeaveASmallCacheAlone) {
  EngineLimits limits;
  limits.cache_bytes = 1000;
  use(limits);
  ArraySpec hot = make_spec({20}, {10});
  hot.prefix = "run.h5/hot";
  const auto kept = stored(std::move(hot));
  const auto large = stored(make_spec({1000}, {10}, false));
  expect_read(*kept, 0, 10);
  EXPECT_GT(engine_->cached_bytes(), 0u);
  store_->reset_counts();
  expect_read(*large, 0, 1000);
  EXPECT_EQ(count(Verb::get), 100u);
  store_->reset_counts();
  expect_read(*kept, 0, 10);
  EXPECT_EQ(count(Verb::get), 0u);
}

TEST_F(ArrayReads, LoopIsReadAhead) {
  const auto array = stored(make_spec({1000}, {10}, false));
  for (std::uint64_t i = 0; i < 20; ++i) expect_read(*array, 10 * i, 10);
  EXPECT_GT(stats().readahead_used.load(), 10u);
  // As far as the course has lasted, no further, and each chunk once.
  EXPECT_LE(count(Verb::get), 40u);
  EXPECT_EQ(stats().cache_misses.load() + stats().readahead_used.load(), 20u);
  const std::size_t asked = count(Verb::get);
  expect_read(*array, 905, 10);
  EXPECT_EQ(count(Verb::get), asked + 2);  // it broke: nothing ahead
}

TEST_F(ArrayReads, LoopToTheEndFetchesEachChunkOnce) {
  const auto array = stored(make_spec({1005}, {10}, false));
  for (std::uint64_t i = 0; i < 1005; i += 20) {
    expect_read(*array, i, std::min<std::uint64_t>(20, 1005 - i));
  }
  EXPECT_EQ(count(Verb::get), 101u);
  EXPECT_EQ(stats().readahead_unused.load(), 0u);
  EXPECT_EQ(stats().readahead_used.load(), stats().readahead_chunks.load());
}

TEST_F(ArrayReads, NoReadAheadWhenOff) {
  EngineLimits limits;
  limits.read_ahead_bytes = 0;
  use(limits);
  const auto array = stored(make_spec({1000}, {10}, false));
  for (std::uint64_t i = 0; i < 20; ++i) expect_read(*array, 10 * i, 10);
  EXPECT_EQ(count(Verb::get), 20u);
}

TEST_F(ArrayReads, ReadAheadStaysInItsBudget) {
  EngineLimits limits;
  limits.read_ahead_bytes = 240;
  use(limits);
  const auto array = stored(make_spec({1000}, {10}, false));
  for (std::uint64_t i = 0; i < 50; ++i) {
    expect_read(*array, 10 * i, 10);
    EXPECT_LE(count(Verb::get), i + 1 + 3);
  }
}

TEST_F(ArrayReads, FailedReadAheadIsSilentAndTheReadAsksAgain) {
  const auto array = stored(make_spec({1000}, {10}, false));
  store_->set_fails([](Verb verb, std::size_t, const std::string& key) {
    return verb == Verb::get && key == "run.h5/x/c/9";
  });
  for (std::uint64_t i = 0; i < 9; ++i) expect_read(*array, 10 * i, 10);
  Values values(10);
  EXPECT_EQ(read(*engine_, *array, 90, values).code(), Code::unavailable);
  store_->set_fails(nullptr);
  expect_read(*array, 90, 10);
}

TEST_F(ArrayReads, WritesOvertakeWhatIsFetchedAhead) {
  for (const bool whole : {true, false}) {
    const auto array = stored(make_spec({1000}, {10}, false));
    for (std::uint64_t round = 0; round < 20; ++round) {
      ASSERT_OK(array->refresh());
      for (std::uint64_t i = 0; i < 6; ++i) {
        Values values(10);
        ASSERT_OK(read(*engine_, *array, 10 * i, values));
      }
      // Chunks 6 and on may be on their way.
      for (std::uint64_t i = 6; i < 12; ++i) {
        ASSERT_OK(write(*engine_, *array, 10 * i + (whole ? 0 : 3),
                        Values(whole ? 10 : 4, round * 1000 + i)));
      }
      for (std::uint64_t i = 6; i < 12; ++i) {
        Values values(4);
        ASSERT_OK(read(*engine_, *array, 10 * i + 3, values));
        ASSERT_EQ(values, Values(4, round * 1000 + i));
      }
      ASSERT_OK(array->flush());
    }
  }
}

TEST_F(ArrayReads, ClaimsRaiseTheCacheBudget) {
  EngineLimits limits;
  limits.cache_bytes = 100;
  use(limits);
  {
    const auto claim = engine_->claim_cache(10000);
    const auto larger = engine_->claim_cache(20000);
    EXPECT_EQ(engine_->limits().cache_bytes, 20000u);
    const auto array = stored(make_spec({200}, {10}, false));
    expect_read(*array, 0, 200);
    EXPECT_EQ(engine_->cached_bytes(), 1600u);
  }
  EXPECT_EQ(engine_->limits().cache_bytes, 100u);
}

}  // namespace
}  // namespace arraymorph::chunk
