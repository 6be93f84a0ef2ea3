// Which requests an Array makes, and when.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "chunk/array.h"
#include "unit/chunk/array_fixture.h"

namespace arraymorph::chunk {
namespace {

using test::Verb;

TEST_F(ArrayTest, ColdReadIsOneGetPerChunk) {
  const auto array = open(make_spec({8, 8}, {2, 4}));
  ASSERT_OK(write(*engine_, *array, 0, counting(64)));
  ASSERT_OK(array->flush());
  EXPECT_EQ(count(Verb::put), 8u);
  store_->reset_counts();
  const auto again = reopen(*array, make_spec({8, 8}, {2, 4}));
  Values values(64);
  ASSERT_OK(read(*engine_, *again, 0, values));
  EXPECT_EQ(values, counting(64));
  EXPECT_EQ(count(Verb::get), 8u);
  ASSERT_OK(read(*engine_, *again, 0, values, false));
  EXPECT_EQ(count(Verb::get), 8u);
  EXPECT_EQ(count(Verb::put) + count(Verb::head) + count(Verb::list), 0u);
}

TEST_F(ArrayTest, RowsOfOneChunkAreOnePut) {
  const auto array = open(make_spec({16, 4}, {16, 4}));
  for (std::uint64_t row = 0; row < 16; ++row) {
    ASSERT_OK(write(*engine_, *array, 4 * row, counting(4, 4 * row)));
  }
  EXPECT_EQ(count(Verb::put), 0u);
  EXPECT_TRUE(array->dirty());
  ASSERT_OK(array->flush());
  EXPECT_FALSE(array->dirty());
  EXPECT_EQ(count(Verb::put), 1u);
  EXPECT_EQ(count(Verb::get), 0u);
  ASSERT_OK(array->flush());
  EXPECT_EQ(count(Verb::put), 1u);
}

TEST_F(ArrayTest, AppendedRowsOfOneChunkAreOnePut) {
  const auto array = open(make_spec({0, 4}, {4, 4}));
  for (std::uint64_t row = 0; row < 8; ++row) {
    ASSERT_OK(array->resize({row + 1, 4}));
    ASSERT_OK(write(*engine_, *array, 4 * row, counting(4, 4 * row)));
  }
  ASSERT_OK(array->flush());
  EXPECT_EQ(count(Verb::put), 2u);
  EXPECT_EQ(count(Verb::get), 0u);
  Values values(32);
  ASSERT_OK(read(*engine_, *reopen(*array, make_spec({8, 4}, {4, 4})), 0, values));
  EXPECT_EQ(values, counting(32, 0));
}

// Waits for what happens on another thread; false after a minute, which is a hang.
bool soon(const std::function<bool()>& happened) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!happened()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Several datasets cost one round trip at a flush, not one each.
TEST_F(ArrayTest, ArraysAreFlushedTogether) {
  constexpr std::size_t kArrays = 20;
  std::vector<std::unique_ptr<Array>> arrays;
  std::vector<Array*> together;
  for (std::size_t i = 0; i < kArrays; ++i) {
    ArraySpec spec = make_spec({4}, {4});
    spec.prefix += std::to_string(i);
    together.push_back(arrays.emplace_back(open(std::move(spec))).get());
    ASSERT_OK(write(*engine_, *together.back(), 1, {i}));
  }
  EXPECT_EQ(count(Verb::put), 0u);
  store_->hold_puts();
  std::thread flush([&] { EXPECT_OK(Array::flush(together)); });
  EXPECT_TRUE(soon([&] { return store_->held_puts() == kArrays; }));
  store_->release_puts();
  flush.join();
  EXPECT_EQ(count(Verb::put), kArrays);
  for (const Array* array : together) EXPECT_FALSE(array->dirty());
}

// A write waits for memory, not for the store.
TEST_F(ArrayTest, AWriteReturnsWhileItsChunksAreOnTheirWay) {
  for (const bool filtered : {false, true}) {
    ArraySpec spec = make_spec({40}, {4});
    const auto codec = make_builtin_codec(
        filtered ? std::vector<FilterSpec>{shuffle(), deflate()} : std::vector<FilterSpec>{}, 8);
    spec.codec = codec;
    const auto array = open(std::move(spec));
    store_->hold_puts();
    {
      Values values = counting(40);
      ASSERT_OK(write(*engine_, *array, 0, values));
      std::fill(values.begin(), values.end(), 0);  // the caller's again
    }
    EXPECT_TRUE(soon([&] { return store_->held_puts() == 10; }));
    // Changed while it is being sent: what is on its way stays what it was.
    ASSERT_OK(write(*engine_, *array, 1, {5}));
    ASSERT_OK(write(*engine_, *array, 4, counting(4, 900)));
    EXPECT_EQ(store_->held_puts(), 10u);
    store_->set_fails([](Verb verb, std::size_t, const std::string&) { return verb == Verb::put; });
    store_->release_puts();
    EXPECT_FALSE(array->flush().ok());
    Values stored(40);
    ArraySpec cold = make_spec({40}, {4}, false);
    cold.codec = codec;
    ASSERT_OK(read(*engine_, *open(std::move(cold)), 0, stored));
    EXPECT_EQ(stored, counting(40));
    store_->set_fails(nullptr);
    ASSERT_OK(array->flush());
    Values expected = counting(40);
    expected[1] = 5;
    for (std::uint64_t i = 0; i < 4; ++i) expected[4 + i] = 900 + i;
    ArraySpec again = make_spec({40}, {4}, false);
    again.codec = codec;
    ASSERT_OK(read(*engine_, *open(std::move(again)), 0, stored));
    EXPECT_EQ(stored, expected);
  }
}

TEST_F(ArrayTest, FlushingTogetherTriesAllAndNamesTheFirstFailure) {
  std::vector<std::unique_ptr<Array>> arrays;
  std::vector<Array*> together;
  for (const char* prefix : {"run.h5/a", "run.h5/b", "run.h5/c"}) {
    ArraySpec spec = make_spec({4}, {4});
    spec.prefix = prefix;
    together.push_back(arrays.emplace_back(open(std::move(spec))).get());
    ASSERT_OK(write(*engine_, *together.back(), 1, {1}));
  }
  store_->set_fails(
      [](Verb, std::size_t, const std::string& key) { return key == "run.h5/b/c/0"; });
  const Status status = Array::flush(together);
  EXPECT_EQ(status.code(), Code::unavailable);
  EXPECT_NE(status.message().find("run.h5/b/c/0"), std::string::npos) << status.message();
  EXPECT_FALSE(together[0]->dirty());
  EXPECT_TRUE(together[1]->dirty());
  EXPECT_FALSE(together[2]->dirty());
  EXPECT_EQ(count(Verb::put), 3u);
  store_->set_fails(nullptr);
  ASSERT_OK(Array::flush(together));
  EXPECT_EQ(count(Verb::put), 4u);
}

TEST_F(ArrayTest, FreshArrayNeverAsks) {
  const auto array = open(make_spec({10}, {4}));
  Values values(10);
  ASSERT_OK(read(*engine_, *array, 0, values));
  EXPECT_EQ(values, Values(10, 7));
  ASSERT_OK(write(*engine_, *array, 3, {1, 2}));
  ASSERT_OK(array->flush());
  EXPECT_EQ(count(Verb::get) + count(Verb::list) + count(Verb::head), 0u);
  EXPECT_EQ(count(Verb::put), 2u);
}

TEST_F(ArrayTest, WrittenChunkOfFreshArrayIsFetchedAfterEviction) {
  use({0, 1 << 20, 64});
  const auto array = open(make_spec({8}, {4}));
  ASSERT_OK(write(*engine_, *array, 0, {1, 2}));
  ASSERT_OK(write(*engine_, *array, 2, {3, 4}));
  EXPECT_EQ(count(Verb::get), 1u);
  Values values(8);
  ASSERT_OK(read(*engine_, *array, 0, values));
  EXPECT_EQ(values, (Values{1, 2, 3, 4, 7, 7, 7, 7}));
}

TEST_F(ArrayTest, CommittedArrayAsks) {
  const auto array = open(make_spec({8}, {4}));
  array->committed();
  Values values(8);
  ASSERT_OK(read(*engine_, *array, 0, values));
  EXPECT_EQ(count(Verb::get), 2u);
}

TEST_F(ArrayTest, CoveredChunkIsSentAtOnceWithoutGet) {
  const auto array = open(make_spec({10}, {4}, false));
  ASSERT_OK(write(*engine_, *array, 0, counting(10)));
  ASSERT_OK(array->flush());
  EXPECT_EQ(count(Verb::get), 0u);
  EXPECT_EQ(count(Verb::put), 3u);
  ASSERT_OK(write(*engine_, *array, 0, counting(4), true));
  EXPECT_EQ(count(Verb::get), 0u);  // cached
}

TEST_F(ArrayTest, NeedsOldLoadsCoveredChunks) {
  const auto array = open(make_spec({4}, {4}, false));
  ASSERT_OK(write(*engine_, *array, 0, counting(4), true));
  EXPECT_EQ(count(Verb::get), 1u);
}

TEST_F(ArrayTest, SameChunkTwiceInOneCallIsOneGet) {
  const auto array = open(make_spec({4}, {4}, false));
  ASSERT_OK(write(*engine_, *array, 0, counting(4)));
  ASSERT_OK(array->refresh());
  ChunkPlan plan;
  plan.index = {0};
  const std::vector<ChunkAccess> accesses(5, ChunkAccess{array.get(), &plan});
  std::atomic<int> consumed = 0;
  ASSERT_OK(read_chunks(*engine_, accesses, true, [&](std::size_t, ConstByteSpan chunk) {
    EXPECT_EQ(chunk.size(), 32u);
    ++consumed;
    return Status();
  }));
  EXPECT_EQ(consumed, 5);
  EXPECT_EQ(count(Verb::get), 1u);
}

TEST_F(ArrayTest, SameChunkTwiceInOneWriteAppliesInOrder) {
  for (const unsigned round : {0u, 1u, 2u, 3u}) {
    const std::uint64_t cache = round % 2 == 0 ? 0 : 1 << 20;
    const bool anywhere = round / 2 == 0;
    use({cache, 1 << 20, 64});
    const auto array = open(make_spec({8}, {4}, false));
    ASSERT_OK(write(*engine_, *array, 0, counting(8)));
    ASSERT_OK(array->refresh());
    ChunkPlan covered;
    covered.index = {0};
    covered.covers_chunk = true;
    covered.elements = 4;
    ChunkPlan partial;
    partial.index = {0};
    ChunkPlan other;
    other.index = {1};
    const std::vector<ChunkAccess> accesses{{array.get(), &partial},
                                            {array.get(), &covered},
                                            {array.get(), &other},
                                            {array.get(), &partial},
                                            {array.get(), &other}};
    ASSERT_OK(
        write_chunks(*engine_, accesses, false, anywhere, [&](std::size_t access, ByteSpan chunk) {
          auto* values = reinterpret_cast<std::uint64_t*>(chunk.data());
          if (access == 1) std::fill(values, values + 4, 50);
          values[access % 4] += access;
          return Status();
        }));
    Values values(8);
    ASSERT_OK(read(*engine_, *array, 0, values));
    EXPECT_EQ(values, (Values{50, 51, 50, 53, 108, 105, 108, 107})) << cache;
  }
}

TEST_F(ArrayTest, ShrinkListsOnceAndRemovesWithTheCommit) {
  const auto array = open(make_spec({12}, {4}));
  ASSERT_OK(write(*engine_, *array, 0, counting(12)));
  ASSERT_OK(array->flush());
  const auto again = reopen(*array, make_spec({12}, {4}));
  store_->reset_counts();
  ASSERT_OK(again->resize({6}));
  EXPECT_EQ(count(Verb::list), 1u);
  EXPECT_EQ(count(Verb::get), 1u);
  EXPECT_EQ(count(Verb::remove), 0u);
  ASSERT_OK(again->resize({12}));
  Values values(12);
  ASSERT_OK(read(*engine_, *again, 0, values));
  EXPECT_EQ(values, (Values{100, 101, 102, 103, 104, 105, 7, 7, 7, 7, 7, 7}));
  EXPECT_TRUE(again->dirty());
  ASSERT_OK(again->flush());
  EXPECT_EQ(count(Verb::remove), 0u);
  ASSERT_OK(commit(*again));
  EXPECT_EQ(count(Verb::remove), 1u);
  const auto stored = again->stored();
  ASSERT_TRUE(stored.ok());
  EXPECT_EQ(stored->size(), 2u);
}

TEST_F(ArrayTest, AbandonDropsDirtyChunks) {
  const auto array = open(make_spec({8}, {8}));
  ASSERT_OK(write(*engine_, *array, 0, {1}));
  array->abandon();
  EXPECT_FALSE(array->dirty());
  ASSERT_OK(array->flush());
  EXPECT_EQ(count(Verb::put), 0u);
  EXPECT_EQ(engine_->cached_bytes(), 0u);
}

TEST_F(ArrayTest, CacheBudgetHoldsOverAllArrays) {
  use({256, 256, 64});
  ArraySpec other = make_spec({100}, {4});
  other.prefix = "run.h5/y";
  const auto x = open(make_spec({100}, {4}));
  const auto y = open(std::move(other));
  for (std::uint64_t i = 0; i < 100; i += 2) {
    ASSERT_OK(write(*engine_, *x, i, {i}));
    ASSERT_OK(write(*engine_, *y, i, {i + 1000}));
    ASSERT_LE(engine_->cached_bytes(), 256u);
  }
  Values values(100);
  ASSERT_OK(read(*engine_, *y, 0, values));
  for (std::uint64_t i = 0; i < 100; i += 2) ASSERT_EQ(values[i], i + 1000);
}

TEST_F(ArrayTest, MoreChunksThanMayBeInFlight) {
  use({64, 32, 3});
  const auto array = open(make_spec({400}, {4}));
  ASSERT_OK(write(*engine_, *array, 0, counting(400)));
  ASSERT_OK(write(*engine_, *array, 1, counting(398, 101)));
  Values values(400);
  ASSERT_OK(read(*engine_, *array, 0, values));
  EXPECT_EQ(values, counting(400));
  ASSERT_OK(read(*engine_, *array, 0, values, false));
  use({1, 1, 1});  // every chunk is larger than each bound
  const auto again = reopen(*array, make_spec({400}, {4}));
  ASSERT_OK(read(*engine_, *again, 0, values));
  EXPECT_EQ(values, counting(400));
}

TEST_F(ArrayTest, CodecsOfTheCallerStayOnItsThread) {
  use({128, 64, 4});
  ArraySpec spec = make_spec({64}, {4});
  const auto codec = std::make_shared<CallerCodec>(spec.codec);
  spec.codec = codec;
  const auto array = open(std::move(spec));
  ASSERT_OK(write(*engine_, *array, 0, counting(64)));
  ASSERT_OK(write(*engine_, *array, 1, counting(62, 101)));
  ASSERT_OK(array->flush());
  Values values(64);
  ASSERT_OK(read(*engine_, *array, 0, values));
  EXPECT_EQ(values, counting(64));
  ArraySpec cold = make_spec({64}, {4}, false);
  cold.codec = codec;
  const auto again = open(std::move(cold));
  ASSERT_OK(write(*engine_, *again, 3, {1}));
  ASSERT_OK(read(*engine_, *again, 0, values, false));
  EXPECT_EQ(values[3], 1u);
}

}  // namespace
}  // namespace arraymorph::chunk
