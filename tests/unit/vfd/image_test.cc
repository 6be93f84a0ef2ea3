#include "vfd/image.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace arraymorph::vfd {
namespace {

Buffer from_hex(std::string_view hex) {
  Buffer bytes(hex.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes.data()[i] =
        static_cast<std::byte>(std::stoi(std::string(hex.substr(2 * i, 2)), nullptr, 16));
  }
  return bytes;
}

std::vector<std::byte> content(ConstByteSpan span) { return {span.begin(), span.end()}; }

std::vector<std::byte> closed_of(ConstByteSpan bytes) {
  std::vector<std::byte> closed = content(bytes);
  const Buffer head = closed_head(bytes);
  std::copy(head.span().begin(), head.span().end(), closed.begin());
  return closed;
}

TEST(Image, ReadsZerosWhereNothingWasWritten) {
  Image image;
  const std::byte one{1};
  image.write(10, {&one, 1});
  EXPECT_EQ(image.length(), 11u);
  std::vector<std::byte> read(14, std::byte{9});
  image.read(2, read);
  for (std::size_t i = 0; i < read.size(); ++i) EXPECT_EQ(read[i], std::byte(i == 8 ? 1 : 0)) << i;
}

TEST(Image, GrowsShrinksAndForgets) {
  Image image;
  std::vector<std::byte> data(10000, std::byte{5});
  image.write(0, data);
  image.resize(100);
  EXPECT_EQ(image.length(), 100u);
  image.resize(200);
  std::byte read{7};
  image.read(150, {&read, 1});
  EXPECT_EQ(read, std::byte{0});
}

TEST(Image, CountsChanges) {
  Image image;
  const auto before = image.changes();
  image.resize(0);
  image.write(0, {});
  EXPECT_EQ(image.changes(), before);
  const std::byte one{1};
  image.write(0, {&one, 1});
  const auto written = image.changes();
  EXPECT_NE(written, before);
  image.write(0, {&one, 1});
  EXPECT_EQ(image.changes(), written) << "the same byte again";
  const std::byte zero{0};
  image.write(5, {&zero, 1});
  EXPECT_NE(image.changes(), written) << "a longer file, though it reads the same";
}

// The first bytes of files that HDF5 1.14 and 2.0 wrote, open for writing and after a clean close.
TEST(ClosedHead, ClearsTheFlagsOfOldSuperblocks) {
  const Buffer open = from_hex(
      "894844460d0a1a0a000000000008080004001000010000000000000000000000ffffffffffffffff"
      "2003000000000000");
  const Buffer closed = from_hex(
      "894844460d0a1a0a000000000008080004001000000000000000000000000000ffffffffffffffff"
      "2003000000000000");
  EXPECT_EQ(closed_of(open.span()), content(closed.span()));
}

TEST(ClosedHead, ClearsTheFlagsOfNewSuperblocksAndRedoesTheirChecksum) {
  const Buffer open = from_hex(
      "894844460d0a1a0a030808010000000000000000ffffffffffffffffb300000000000000300000000000"
      "00003e9c1518");
  const Buffer closed = from_hex(
      "894844460d0a1a0a030808000000000000000000ffffffffffffffffb300000000000000300000000000"
      "00009555568b");
  EXPECT_EQ(closed_of(open.span()), content(closed.span()));

  // The same behind a user block of 512 bytes.
  Buffer shifted(512 + open.size());
  std::fill_n(shifted.data(), 512, std::byte{'u'});
  std::copy_n(open.data(), open.size(), shifted.data() + 512);
  const std::vector<std::byte> whole = closed_of(shifted.span());
  EXPECT_EQ(content(ConstByteSpan(whole).subspan(512)), content(closed.span()));
}

TEST(ClosedHead, LeavesOtherBytesAlone) {
  for (const std::size_t size : {0u, 7u, 8u, 47u, 600u, 5000u}) {
    std::vector<std::byte> noise(size, std::byte{0xa5});
    EXPECT_EQ(closed_of(noise), noise);
  }
}

}  // namespace
}  // namespace arraymorph::vfd
