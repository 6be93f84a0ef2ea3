#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <vector>

#include "arraymorph/buffer.h"

namespace arraymorph {
namespace {

#if !defined(__SANITIZE_ADDRESS__)
TEST(MemoryTest, LargeBlocksAreUsedAgain) {
  const std::byte* first = nullptr;
  {
    const Buffer buffer(1 << 20);
    first = buffer.data();
  }
  const Buffer again((1 << 20) - 1000);  // of the same class
  EXPECT_EQ(again.data(), first);
  const Buffer another(1 << 20);
  EXPECT_NE(another.data(), first);
}

// Several 1 MiB blocks share a region of 4 MiB.
TEST(MemoryTest, BlocksOfARegionLieSideBySide) {
  const Buffer first(1 << 20);
  const Buffer second(1 << 20);
  EXPECT_EQ(std::abs(first.data() - second.data()), 1 << 20);
}

TEST(MemoryTest, FreeBlocksOfAUsedRegionServeFirst) {
  std::vector<Buffer> held;
  for (int i = 0; i < 4; ++i) held.emplace_back(1 << 20);
  const std::byte* const freed = held[2].data();
  held[2] = Buffer();
  const Buffer next(1 << 20);
  EXPECT_EQ(next.data(), freed);
}
#endif

TEST(MemoryTest, BuffersAliveDoNotOverlap) {
  for (int round = 0; round < 3; ++round) {
    std::vector<Buffer> buffers;
    for (const std::size_t size :
         {1ul, 65535ul, 65536ul, 65537ul, 81920ul, 81921ul, 131071ul, 131072ul, 524288ul, 524289ul,
          1048576ul, 1500000ul, 2097152ul, 2097153ul, 5000000ul, 67108864ul, 67108865ul}) {
      for (int i = 0; i < 5; ++i) {
        Buffer& buffer = buffers.emplace_back(size);
        std::fill_n(buffer.data(), size, static_cast<std::byte>(buffers.size()));
      }
    }
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      EXPECT_TRUE(
          std::all_of(buffers[i].data(), buffers[i].data() + buffers[i].size(),
                      [&](std::byte each) { return each == static_cast<std::byte>(i + 1); }))
          << buffers[i].size();
    }
  }
}

// Also of sizes that share regions: those who do not get the lock give back all the same.
TEST(MemoryTest, ManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 2000; ++i) {
        Buffer buffer((i % 2 == 0 ? 100000 : 1000000) + 1000 * (i % 50));
        buffer.data()[0] = buffer.data()[buffer.size() - 1] = static_cast<std::byte>(t);
        const Buffer moved = std::move(buffer);
        ASSERT_EQ(moved.data()[0], static_cast<std::byte>(t));
        ASSERT_EQ(moved.data()[moved.size() - 1], static_cast<std::byte>(t));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace arraymorph
