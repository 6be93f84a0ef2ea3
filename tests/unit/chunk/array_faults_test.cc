// What an Array does when requests fail or objects are damaged: nothing is lost silently.
#include <algorithm>

#include "unit/chunk/array_fixture.h"

namespace arraymorph::chunk {
namespace {

using test::Verb;

class ArrayFaults : public ArrayTest {
 protected:
  void fail(Verb verb) {
    store_->set_fails([verb](Verb v, std::size_t, const std::string&) { return v == verb; });
  }
  void heal() { store_->set_fails(nullptr); }

  void expect_named(const Status& status, Code code) {
    EXPECT_EQ(status.code(), code);
    EXPECT_NE(status.message().find("dataset /x"), std::string::npos) << status.message();
    EXPECT_NE(status.message().find("run.h5/x/c/"), std::string::npos) << status.message();
  }

  void put_object(const Index& index, Buffer bytes) {
    PutRequest request;
    request.key = chunk_key("run.h5/x", index);
    request.body = std::make_shared<const Buffer>(std::move(bytes));
    ASSERT_OK(arraymorph::put(*store_, std::move(request)).status());
  }

  Values contents(Array& array, std::size_t size) {
    Values values(size);
    EXPECT_OK(read(*engine_, array, 0, values));
    return values;
  }
};

TEST_F(ArrayFaults, BackgroundPutThatFailsIsSentAgainByFlush) {
  const auto array = open(make_spec({8}, {4}));
  fail(Verb::put);
  ASSERT_OK(write(*engine_, *array, 0, counting(8)));
  const Status status = array->flush();
  expect_named(status, Code::unavailable);
  EXPECT_NE(status.message().find("injected failure"), std::string::npos);
  EXPECT_TRUE(array->dirty());
  EXPECT_EQ(contents(*array, 8), counting(8));
  EXPECT_FALSE(array->flush().ok());
  heal();
  ASSERT_OK(array->flush());
  EXPECT_FALSE(array->dirty());
  EXPECT_EQ(contents(*reopen(*array, make_spec({8}, {4})), 8), counting(8));
}

TEST_F(ArrayFaults, OneFailureIsHealedByTheRetryOfFlush) {
  use({1 << 20, 1 << 20, 64});
  store_->set_fails(
      [](Verb verb, std::size_t nth, const std::string&) { return verb == Verb::put && nth == 0; });
  const auto array = open(make_spec({4}, {4}));
  ASSERT_OK(write(*engine_, *array, 0, counting(4)));
  ASSERT_OK(array->flush());
  EXPECT_EQ(count(Verb::put), 2u);
}

TEST_F(ArrayFaults, EvictionThatFailsLosesNothing) {
  use({64, 64, 4});
  const auto array = open(make_spec({64}, {4}));
  fail(Verb::put);
  std::uint64_t written = 0;
  Status status;
  while (status.ok() && written < 64) {
    status = write(*engine_, *array, written, {written + 1000});
    if (status.ok()) written += 4;
  }
  expect_named(status, Code::unavailable);
  EXPECT_LE(engine_->cached_bytes(), 128u);
  heal();
  for (; written < 64; written += 4) {
    ASSERT_OK(write(*engine_, *array, written, {written + 1000}));
  }
  ASSERT_OK(array->flush());
  const Values values = contents(*reopen(*array, make_spec({64}, {4})), 64);
  for (std::uint64_t i = 0; i < 64; ++i) EXPECT_EQ(values[i], i % 4 == 0 ? i + 1000 : 7);
}

TEST_F(ArrayFaults, WriteToChunksThatFailedTriesThemAgain) {
  use({32, 32, 4});
  const auto array = open(make_spec({8}, {4}));
  fail(Verb::put);
  ASSERT_OK(write(*engine_, *array, 0, {1}));
  expect_named(write(*engine_, *array, 4, {2}), Code::unavailable);
  heal();
  ASSERT_OK(write(*engine_, *array, 1, {3, 4, 5, 6}));
  ASSERT_OK(array->flush());
  EXPECT_EQ(contents(*array, 8), (Values{1, 3, 4, 5, 6, 7, 7, 7}));
}

TEST_F(ArrayFaults, RawChunkThatFailsIsKept) {
  ArraySpec spec = make_spec({4}, {4});
  spec.codec = make_builtin_codec({}, 8);
  const auto array = open(std::move(spec));
  fail(Verb::put);
  const Values values = counting(4);
  const auto bytes = std::as_bytes(std::span(values));
  ASSERT_OK(array->write_raw({0}, Buffer::copy_of(bytes), 0));
  expect_named(array->flush(), Code::unavailable);
  expect_named(array->read_raw({0}).status(), Code::unavailable);
  EXPECT_EQ(contents(*array, 4), values);
  ASSERT_OK(write(*engine_, *array, 1, {5}));
  heal();
  ASSERT_OK(array->flush());
  EXPECT_EQ(contents(*array, 4), (Values{100, 5, 102, 103}));
}

TEST_F(ArrayFaults, FailedGetIsReportedAndReadsAgain) {
  const auto array = open(make_spec({64}, {4}, false));
  ASSERT_OK(write(*engine_, *array, 0, counting(64)));
  ASSERT_OK(array->refresh());
  store_->set_fails(
      [](Verb verb, std::size_t nth, const std::string&) { return verb == Verb::get && nth == 5; });
  Values values(64);
  expect_named(read(*engine_, *array, 0, values), Code::unavailable);
  heal();
  EXPECT_EQ(contents(*array, 64), counting(64));
}

TEST_F(ArrayFaults, PartialWriteFailsWhenItsChunkCannotBeRead) {
  const auto array = open(make_spec({8}, {4}, false));
  ASSERT_OK(write(*engine_, *array, 0, counting(8)));
  ASSERT_OK(array->refresh());
  fail(Verb::get);
  // Many times: the failure must be known before the chunk counts as arrived.
  for (int i = 0; i < 500; ++i) {
    expect_named(write(*engine_, *array, 1, counting(6)), Code::unavailable);
    ASSERT_FALSE(array->dirty());
  }
  heal();
  EXPECT_EQ(contents(*array, 8), counting(8));
}

TEST_F(ArrayFaults, DamagedObjectsAreNamed) {
  for (const bool filtered : {true, false}) {
    ArraySpec spec = make_spec({4}, {4}, false);
    if (!filtered) spec.codec = make_builtin_codec({}, 8);
    const auto array = open(std::move(spec));
    for (const std::size_t size : {0, 1, 31, 33, 100}) {
      put_object({0}, Buffer::copy_of(std::vector<std::byte>(size)));
      Values values(4);
      expect_named(read(*engine_, *array, 0, values), Code::corrupt);
      expect_named(write(*engine_, *array, 0, {1}), Code::corrupt);
      expect_named(read(*engine_, *array, 0, values, false), Code::corrupt);
    }
  }
}

TEST_F(ArrayFaults, FailedRemovalIsKeptForTheNextCommit) {
  const auto array = open(make_spec({8}, {4}));
  ASSERT_OK(write(*engine_, *array, 0, counting(8)));
  ASSERT_OK(array->resize({4}));
  fail(Verb::remove);
  EXPECT_EQ(commit(*array).code(), Code::unavailable);
  ASSERT_OK(array->resize({8}));
  EXPECT_EQ(contents(*array, 8), (Values{100, 101, 102, 103, 7, 7, 7, 7}));
  ASSERT_OK(write(*engine_, *array, 5, {9}));
  heal();
  ASSERT_OK(commit(*array));
  const Values expected{100, 101, 102, 103, 7, 9, 7, 7};
  EXPECT_EQ(contents(*reopen(*array, make_spec({8}, {4})), 8), expected);
}

TEST_F(ArrayFaults, FailedShrinkChangesNothing) {
  const auto array = open(make_spec({8}, {4}, false));
  ASSERT_OK(write(*engine_, *array, 0, counting(8)));
  ASSERT_OK(array->flush());
  fail(Verb::list);
  EXPECT_EQ(array->resize({3}).code(), Code::unavailable);
  heal();
  EXPECT_EQ(array->grid().dims, Extent{8});
  EXPECT_EQ(contents(*array, 8), counting(8));
}

TEST_F(ArrayFaults, FailureOfTheConsumerStopsTheRead) {
  use({1 << 20, 64, 4});
  const auto array = open(make_spec({400}, {4}, false));
  std::vector<ChunkPlan> plans(100);
  std::vector<ChunkAccess> accesses;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    plans[i].index = {i};
    accesses.push_back({array.get(), &plans[i]});
  }
  for (const bool anywhere : {true, false}) {
    store_->reset_counts();
    const Status status = read_chunks(*engine_, accesses, anywhere, [](std::size_t, ConstByteSpan) {
      return Status(Code::invalid_argument, "no");
    });
    EXPECT_EQ(status.code(), Code::invalid_argument);
    EXPECT_LT(count(Verb::get), 50u);
  }
}

TEST_F(ArrayFaults, FailureOfTheModifierKeepsTheOldChunk) {
  for (const bool anywhere : {true, false}) {
    for (const std::uint64_t fails : {0u, 1u}) {
      const auto array = open(make_spec({8}, {4}));
      ASSERT_OK(write(*engine_, *array, 0, counting(4)));
      ASSERT_OK(array->flush());
      ASSERT_OK(write(*engine_, *array, 1, {1}));  // dirty in the cache only
      ChunkPlan plan;
      plan.index = {fails};
      plan.covers_chunk = true;
      const ChunkAccess access{array.get(), &plan};
      const Status status =
          write_chunks(*engine_, {&access, 1}, true, anywhere,
                       [](std::size_t, ByteSpan) { return Status(Code::invalid_argument, "no"); });
      EXPECT_EQ(status.code(), Code::invalid_argument);
      const Status covered =
          write_chunks(*engine_, {&access, 1}, false, anywhere, [&](std::size_t, ByteSpan chunk) {
            if (fails == 1) std::fill(chunk.begin(), chunk.end(), std::byte{9});
            return Status(Code::invalid_argument, "no");
          });
      EXPECT_EQ(covered.code(), Code::invalid_argument);
      const Values expected{100, 1, 102, 103, 7, 7, 7, 7};
      EXPECT_EQ(contents(*array, 8), expected);
      ASSERT_OK(array->flush());
      const auto again = reopen(*array, make_spec({8}, {4}));
      EXPECT_EQ(contents(*again, 8), expected);
      ASSERT_OK(remove(*store_, {"run.h5/x/c/0", "run.h5/x/c/1"}));
    }
  }
}

}  // namespace
}  // namespace arraymorph::chunk
