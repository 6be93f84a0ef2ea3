#include <gtest/gtest.h>

#include <algorithm>
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
#endif

TEST(MemoryTest, BuffersAliveDoNotOverlap) {
  for (int round = 0; round < 3; ++round) {
    std::vector<Buffer> buffers;
    for (const std::size_t size : {1ul, 65535ul, 65536ul, 65537ul, 81920ul, 81921ul, 131071ul,
                                   131072ul, 5000000ul, 67108864ul, 67108865ul}) {
      for (int i = 0; i < 2; ++i) {
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

TEST(MemoryTest, ManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 2000; ++i) {
        Buffer buffer(100000 + 1000 * (i % 50));
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
