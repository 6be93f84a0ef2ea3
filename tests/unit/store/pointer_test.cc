#include "store/pointer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>

namespace arraymorph::store {
namespace {

class PointerTest : public testing::Test {
 protected:
  PointerTest() { std::filesystem::create_directories(directory_); }
  ~PointerTest() override { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& content) const {
    const std::string path = directory_ / "x.h5";
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  static std::string footer(std::uint32_t length) {
    std::string text;
    for (int i = 0; i < 4; ++i) text += static_cast<char>(length >> (8 * i));
    return text + std::string(kPointerMagic);
  }

  static std::string read(const std::string& path) {
    const auto found = read_pointer(path);
    if (!found.ok()) return "error: " + std::string(code_name(found.status().code()));
    return found->value_or("none");
  }

  std::filesystem::path directory_ =
      std::filesystem::temp_directory_path() / ("pointer-" + std::to_string(getpid()));
};

TEST_F(PointerTest, LeadsToItsUrl) {
  EXPECT_EQ(read(file("HDF5 bytess3://b/k" + footer(8))), "s3://b/k");
  EXPECT_EQ(read(file("file:///d/x.h5" + footer(14))), "file:///d/x.h5");
  EXPECT_EQ(read(file("https://h/x.h5?s" + footer(16))), "https://h/x.h5?s");
}

TEST_F(PointerTest, OtherFilesAreNone) {
  EXPECT_EQ(read(directory_ / "missing"), "none");
  EXPECT_EQ(read(directory_), "none");
  EXPECT_EQ(read(file("")), "none");
  EXPECT_EQ(read(file("short")), "none");
  EXPECT_EQ(read(file(std::string(1000, 'x'))), "none");
  // Only small files are looked into.
  EXPECT_EQ(read(file(std::string(1 << 20, 'x') + "s3://b/k" + footer(8))), "none");
  // A pipe without a writer must not be waited for.
  const std::string pipe = directory_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(read(pipe), "none");
}

TEST_F(PointerTest, DamageIsAnError) {
  EXPECT_EQ(read(file("xx://b/k" + footer(8))), "error: corrupt");
  EXPECT_EQ(read(file("s3://b/k" + footer(0))), "error: corrupt");
  EXPECT_EQ(read(file("s3://b/k" + footer(9))), "error: corrupt");
  EXPECT_EQ(read(file("s3://b/k" + footer(0xffffffff))), "error: corrupt");
  EXPECT_EQ(read(file("s3://b/\n" + footer(8))), "error: corrupt");
  EXPECT_EQ(read(file(std::string("s3://b/\0", 8) + footer(8))), "error: corrupt");
}

}  // namespace
}  // namespace arraymorph::store
