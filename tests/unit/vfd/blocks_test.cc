#include "vfd/blocks.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "store/memory/memory_store.h"
#include "support/fault_store.h"
#include "vfd/chunk_index.h"

namespace arraymorph::vfd {
namespace {

using test::Verb;

constexpr std::uint64_t kMiB = 1 << 20;

std::byte value_at(std::uint64_t offset) {
  return static_cast<std::byte>(offset * 31 + offset / 997);
}

class BlocksTest : public testing::Test {
 protected:
  std::shared_ptr<Blocks> open(Buffer bytes, std::uint64_t budget = 64 * kMiB,
                               std::uint64_t head = kHeadBytes) {
    PutRequest put;
    put.key = "file.h5";
    put.body = std::make_shared<const Buffer>(std::move(bytes));
    const auto stored = arraymorph::put(*store_, put);
    EXPECT_TRUE(stored.ok());
    PlainObject object;
    object.key = put.key;
    object.size = put.body->size();
    object.etag = stored->etag;
    object.head =
        Buffer::copy_of(put.body->span().first(std::min<std::uint64_t>(head, object.size)));
    store_->reset_counts();
    return Blocks::open(store_, std::move(object), "s3://b/file.h5", {budget, ahead_});
  }

  std::shared_ptr<Blocks> open(std::uint64_t size, std::uint64_t budget = 64 * kMiB) {
    Buffer bytes(size);
    for (std::uint64_t i = 0; i < size; ++i) bytes.data()[i] = value_at(i);
    return open(std::move(bytes), budget);
  }

  void expect_read(Blocks& blocks, std::uint64_t offset, std::size_t size) {
    std::vector<std::byte> bytes(size);
    const Status status = blocks.read(offset, bytes);
    ASSERT_TRUE(status.ok()) << status.message();
    for (std::size_t i = 0; i < size; ++i) {
      const std::byte expected = offset + i < blocks.length() ? value_at(offset + i) : std::byte{0};
      ASSERT_EQ(bytes[i], expected) << offset + i;
    }
  }

  bool ahead_ = false;

  std::size_t requests() const { return store_->count(Verb::get); }

  std::shared_ptr<test::FaultStore> store_ =
      std::make_shared<test::FaultStore>(store::make_memory_store("blocks"));
};

TEST_F(BlocksTest, WhatCameFirstIsNotAskedForAgain) {
  const auto blocks = open(3 * kMiB);
  expect_read(*blocks, 0, kMiB);
  EXPECT_EQ(requests(), 0u);
  expect_read(*blocks, kMiB - 10, 20);
  EXPECT_EQ(requests(), 1u);
}

TEST_F(BlocksTest, WalkingThroughAFileTakesFewRequests) {
  const auto blocks = open(20 * kMiB);
  for (std::uint64_t at = 0; at < 20 * kMiB; at += 100000) expect_read(*blocks, at, 300);
  EXPECT_LE(requests(), 4u);  // windows of 3, 12 and 4 MiB, of which one in two parts
}

TEST_F(BlocksTest, JumpingAboutReadsLittle) {
  Buffer bytes(200 * kMiB);
  std::memset(bytes.data(), 1, bytes.size());
  const auto blocks = open(std::move(bytes));
  std::vector<std::byte> into(100);
  for (const std::uint64_t at : {190, 60, 150, 100}) {
    ASSERT_TRUE(blocks->read(at * kMiB, into).ok());
    EXPECT_FALSE(blocks->peek((at + 1) * kMiB, into));
  }
  EXPECT_EQ(requests(), 4u);
}

TEST_F(BlocksTest, ReadsAcrossWindowsAndPastTheEnd) {
  const auto blocks = open(5 * kMiB + 123);
  expect_read(*blocks, 4 * kMiB, 10);
  expect_read(*blocks, kMiB - 5, 4 * kMiB);
  expect_read(*blocks, 5 * kMiB + 100, 100);
  expect_read(*blocks, 50 * kMiB, 100);
}

TEST_F(BlocksTest, BudgetIsKept) {
  const auto blocks = open(60 * kMiB, 16 * kMiB);
  for (std::uint64_t at = 0; at < 60 * kMiB; at += kMiB) expect_read(*blocks, at, 50);
  std::vector<std::byte> into(10);
  EXPECT_FALSE(blocks->peek(0, into));
  EXPECT_TRUE(blocks->peek(59 * kMiB, into));
}

TEST_F(BlocksTest, PrefetchJoinsNeighboursAndSkipsWhatIsThere) {
  const auto blocks = open(9 * kMiB);
  blocks->prefetch(
      {{8 * kMiB, 500}, {8 * kMiB + 2000, 100}, {10, 100}, {5 * kMiB, 100}, {9 * kMiB - 5, 100}});
  EXPECT_EQ(requests(), 3u);
  std::vector<std::byte> into(100);
  EXPECT_TRUE(blocks->peek(8 * kMiB + 2000, into));
  EXPECT_TRUE(blocks->peek(5 * kMiB, into));
  expect_read(*blocks, 9 * kMiB - 5, 5);
  EXPECT_EQ(requests(), 3u);
}

TEST_F(BlocksTest, FailuresAndReplacementsAreReported) {
  const auto blocks = open(3 * kMiB);
  PutRequest put;
  put.key = "file.h5";
  put.body = std::make_shared<const Buffer>(Buffer(3 * kMiB));
  ASSERT_TRUE(arraymorph::put(*store_, std::move(put)).ok());
  std::vector<std::byte> into(10);
  EXPECT_EQ(blocks->read(2 * kMiB, into).code(), Code::conflict);
  blocks->prefetch({{2 * kMiB, 10}});
  EXPECT_FALSE(blocks->peek(2 * kMiB, into));
  ASSERT_TRUE(remove(*store_, {"file.h5"}).ok());
  EXPECT_EQ(blocks->read(2 * kMiB, into).code(), Code::conflict);
}

// Reads of 100 bytes that jump about, each of which waits for 20 ms.
void jump_about(test::FaultStore& store, Blocks& blocks, std::uint64_t reads) {
  store.set_fails([](Verb, std::size_t, const std::string&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return false;
  });
  std::vector<std::byte> into(100);
  for (std::uint64_t i = 0; i < reads; ++i) {
    ASSERT_TRUE(blocks.read((7 + i * 11) % 30 * kMiB + i, into).ok());
  }
}

TEST_F(BlocksTest, WaitingForLongBringsEverythingThatFits) {
  ahead_ = true;
  const auto blocks = open(30 * kMiB);
  jump_about(*store_, *blocks, 1);
  EXPECT_EQ(requests(), 1u) << "the first read tells nothing of others";
  jump_about(*store_, *blocks, 30);
  const std::size_t all = requests();
  expect_read(*blocks, kMiB - 5, 29 * kMiB + 5);
  EXPECT_EQ(requests(), all);
}

TEST_F(BlocksTest, WaitingForLongDoesNotBringWhatDoesNotFit) {
  ahead_ = true;
  const auto blocks = open(40 * kMiB, 20 * kMiB);
  jump_about(*store_, *blocks, 30);
  EXPECT_LE(requests(), 30u);
  std::vector<std::byte> into(1);
  EXPECT_FALSE(blocks->peek(38 * kMiB, into));
}

chunk::LinkCost slow_link() {
  chunk::LinkCost cost;
  cost.latency = 0.02;
  cost.per_byte_of_many = 1e-9;
  return cost;
}

TEST_F(BlocksTest, WhoFetchesForHimselfMayHaveEverythingBrought) {
  ahead_ = true;
  const auto blocks = open(30 * kMiB);
  blocks->waits({20 * kMiB}, kMiB, slow_link());
  EXPECT_EQ(requests(), 0u);
  blocks->waits({8 * kMiB}, kMiB, slow_link());
  const std::size_t all = requests();
  EXPECT_GE(all, 1u);
  expect_read(*blocks, 0, 30 * kMiB);
  EXPECT_EQ(requests(), all);
}

TEST_F(BlocksTest, NothingIsBroughtTwice) {
  ahead_ = true;
  const auto blocks = open(30 * kMiB);
  // Neighbours of what came first, and of each other.
  blocks->prefetch({{kMiB, 3 * kMiB}});
  blocks->prefetch({{4 * kMiB, kMiB}});
  const std::size_t before = requests();
  for (int i = 0; i < 2; ++i) blocks->waits({8 * kMiB}, kMiB, slow_link());
  EXPECT_EQ(requests() - before, 7u);  // 25 MiB in parts of 4
  expect_read(*blocks, 0, 30 * kMiB);
}

TEST_F(BlocksTest, WhoTakesMuchOfItDoesNotWaitForLittle) {
  ahead_ = true;
  const auto blocks = open(30 * kMiB);
  for (int i = 0; i < 10; ++i) blocks->waits({0, 8 * kMiB}, 16 * kMiB, slow_link());
  EXPECT_EQ(requests(), 0u);
}

TEST_F(BlocksTest, WhatTheBytesThemselvesTakeIsNoLoss) {
  ahead_ = true;
  const auto blocks = open(80 * kMiB, 90 * kMiB);
  for (int i = 0; i < 10; ++i) blocks->waits({0}, 30 * kMiB, slow_link());  // 30 ms, not only 20
  EXPECT_EQ(requests(), 0u);
}

TEST_F(BlocksTest, OfWhatDoesNotFitTheRegionIsBrought) {
  ahead_ = true;
  const auto blocks = open(80 * kMiB, 40 * kMiB);
  for (int i = 0; i < 2; ++i) blocks->waits({70 * kMiB}, kMiB, slow_link());
  EXPECT_TRUE(blocks->look(64 * kMiB, 1).owner);
  EXPECT_TRUE(blocks->look(80 * kMiB - 1, 1).owner);
  EXPECT_FALSE(blocks->look(64 * kMiB - 1, 1).owner);
}

TEST_F(BlocksTest, NothingIsBroughtAfterTheLastReader) {
  ahead_ = true;
  const auto blocks = open(30 * kMiB);
  blocks->stop();
  for (int i = 0; i < 10; ++i) blocks->waits({8 * kMiB}, kMiB, slow_link());
  EXPECT_EQ(requests(), 0u);
}

TEST_F(BlocksTest, LookingDoesNotCopyWhatCameTogether) {
  const auto blocks = open(3 * kMiB);
  const chunk::KeptBytes one = blocks->look(1000, 500);
  const chunk::KeptBytes two = blocks->look(1200, 100);
  ASSERT_TRUE(one.owner);
  EXPECT_EQ(two.span.data(), one.span.data() + 200);
  EXPECT_EQ(two.span.size(), 100u);
  EXPECT_FALSE(blocks->look(kMiB - 10, 20).owner) << "half of it is not here";
  expect_read(*blocks, kMiB, 10);
  const chunk::KeptBytes across = blocks->look(kMiB - 10, 20);
  ASSERT_TRUE(across.owner);
  for (std::uint64_t i = 0; i < 20; ++i) EXPECT_EQ(across.span[i], value_at(kMiB - 10 + i));
}

// Nodes of a tree of rank 1: header of 24 bytes, then keys of 24 and addresses of 8.
void put_node(Buffer& file, std::uint64_t at, int level,
              const std::vector<std::uint64_t>& children) {
  std::byte* node = file.data() + at;
  std::memcpy(node, "TREE", 4);
  node[4] = std::byte{1};
  node[5] = static_cast<std::byte>(level);
  node[6] = static_cast<std::byte>(children.size());
  for (std::size_t i = 0; i < children.size(); ++i) {
    for (int b = 0; b < 8; ++b) {
      node[24 + 24 + i * 32 + static_cast<std::size_t>(b)] =
          static_cast<std::byte>(children[i] >> (8 * b));
    }
  }
}

TEST_F(BlocksTest, NodesOfAChunkIndexComeTogether) {
  Buffer file(100 * kMiB);
  std::memset(file.data(), 0, file.size());
  constexpr std::size_t kNode = 24 + 4 * 32 + 24;
  const std::uint64_t base = 512;
  std::vector<std::uint64_t> inner, leaves;
  for (std::uint64_t i = 0; i < 3; ++i) {
    std::vector<std::uint64_t> mine;
    for (std::uint64_t k = 0; k < 4; ++k) {
      mine.push_back((20 + 20 * i + 3 * k) * kMiB);
      put_node(file, base + mine.back(), 0, {1, 2});
    }
    inner.push_back((90 + 2 * i) * kMiB);
    put_node(file, base + inner.back(), 1, mine);
    leaves.insert(leaves.end(), mine.begin(), mine.end());
  }
  put_node(file, base + 15 * kMiB, 2, inner);
  const auto blocks = open(std::move(file));
  std::vector<std::byte> node(kNode);
  {
    const ChunkIndexFetch ahead(*blocks, {base, 8}, 1);
    ASSERT_TRUE(blocks->read(base + 15 * kMiB, node).ok());
  }
  EXPECT_EQ(requests(), 1u + 3 + 12);
  for (const std::uint64_t at : leaves) EXPECT_TRUE(blocks->peek(base + at, node)) << at;
  for (const std::uint64_t at : inner) EXPECT_TRUE(blocks->peek(base + at, node)) << at;
}

TEST_F(BlocksTest, DamagedChunkIndexCostsNoMoreThanTime) {
  Buffer file(4 * kMiB);
  std::memset(file.data(), 0xff, file.size());
  put_node(file, 2 * kMiB, 1, {~0ull, 2 * kMiB, 3 * kMiB});  // itself among its children
  file.data()[2 * kMiB + 6] = std::byte{0xff};
  const auto blocks = open(std::move(file));
  std::vector<std::byte> node(300);
  const ChunkIndexFetch ahead(*blocks, {0, 8}, 1);
  EXPECT_TRUE(blocks->read(2 * kMiB, node).ok());
}

}  // namespace
}  // namespace arraymorph::vfd
