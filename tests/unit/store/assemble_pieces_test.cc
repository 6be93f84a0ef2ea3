// Parts that are put piece by piece, in a directory: their notes, and going on after a failure.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/checksum.h"
#include "store/local/local_store.h"
#include "store/memory/memory_store.h"
#include "store/move.h"
#include "support/bytes.h"
#include "support/fault_store.h"
#include "support/uploads.h"

namespace arraymorph {
namespace {

namespace fs = std::filesystem;

using store::Segment;
using store::Transfer;
using store::TransferLimits;
using test::FaultStore;
using test::noise;
using test::span_of;
using test::Verb;

constexpr std::uint64_t kPart = 1000;

/// While it lives, no file may become longer.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uint64_t bytes) : ignored_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, ignored_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*ignored_)(int);
  rlimit before_{};
};

class PiecesTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / ("arraymorph-pieces-" + std::to_string(::getpid()));
    store_ = store::make_local_store(root_.string());
  }
  void TearDown() override { fs::remove_all(root_); }

  std::shared_ptr<Upload> begin(std::uint64_t size, const std::string& id = {}) {
    return test::begin_upload(*store_, size, kPart, id);
  }
  std::string finished(Upload& upload) { return test::finished(*store_, upload); }

  void put_source(const std::string& key, const std::string& content, bool checksum) {
    PutRequest request{key, test::bytes(content), {}};
    if (checksum) request.checksum = crc32c(span_of(content));
    EXPECT_TRUE(put(source_, std::move(request)).ok());
  }

  Status assemble(const std::vector<Segment>& segments, std::uint64_t size, Upload& upload,
                  const TransferLimits& limits = {}, std::string_view literal = {}) {
    return store::assemble({&source_, ""}, span_of(literal), segments, size, upload, limits,
                           transfer_);
  }

  fs::path root_;
  std::shared_ptr<ObjectStore> store_;
  FaultStore source_{store::make_memory_store("source")};
  Transfer transfer_;
};

TEST_F(PiecesTest, InAnyOrderWithGapsTheyAreAPart) {
  std::string expected(kPart + 50, '\0');
  expected.replace(100, 300, noise(300, 1));
  expected.replace(700, 200, noise(200, 2));
  expected.replace(kPart, 50, noise(50, 3));
  const std::string_view all = expected;
  auto upload = begin(expected.size());
  ASSERT_TRUE(upload->takes_pieces());
  EXPECT_TRUE(upload->put_piece(0, 700, span_of(all.substr(700, 200))).ok());
  EXPECT_TRUE(upload->put_piece(1, 0, span_of(all.substr(kPart))).ok());
  EXPECT_TRUE(upload->put_piece(0, 100, span_of(all.substr(100, 300))).ok());
  EXPECT_EQ(finish(*upload, {}).status().code(), Code::invalid_argument);
  EXPECT_TRUE(upload->end_part(0, crc32c(span_of(all.substr(0, kPart)))).ok());
  EXPECT_TRUE(upload->end_part(1, crc32c(span_of(all.substr(kPart)))).ok());
  const std::string id = upload->id();
  upload = begin(expected.size(), id);
  EXPECT_TRUE(upload->has(0));
  EXPECT_TRUE(upload->has(1));
  EXPECT_TRUE(finished(*upload) == expected);
}

TEST_F(PiecesTest, APartCountsWhenItWasEndedAndItsBytesAreThere) {
  const std::string content = noise(3 * kPart, 4);
  const std::string_view all = content;
  auto upload = begin(content.size());
  for (const std::size_t number : {0u, 1u, 2u}) {
    EXPECT_TRUE(upload->put_piece(number, 0, span_of(all.substr(number * kPart, 600))).ok());
  }
  EXPECT_TRUE(upload->put_piece(0, 600, span_of(all.substr(600, 400))).ok());
  EXPECT_TRUE(upload->end_part(0, crc32c(span_of(all.substr(0, kPart)))).ok());
  // Ended, but the second piece never reached the disk.
  EXPECT_TRUE(upload->end_part(1, crc32c(span_of(all.substr(kPart, kPart)))).ok());
  const std::string id = upload->id();
  upload = begin(content.size(), id);
  EXPECT_TRUE(upload->has(0));
  EXPECT_FALSE(upload->has(1));
  EXPECT_FALSE(upload->has(2));
  EXPECT_EQ(finish(*upload, {}).status().code(), Code::invalid_argument);
}

TEST_F(PiecesTest, RefusesWhatIsInNoPart) {
  const std::string bytes = noise(100, 5);
  const auto upload = begin(kPart + 50);
  EXPECT_EQ(upload->put_piece(0, 901, span_of(bytes)).code(), Code::invalid_argument);
  EXPECT_EQ(upload->put_piece(1, 0, span_of(bytes)).code(), Code::invalid_argument);
  EXPECT_EQ(upload->put_piece(2, 0, {}).code(), Code::invalid_argument);
  EXPECT_EQ(upload->put_piece(0, ~std::uint64_t{0}, span_of(bytes)).code(), Code::invalid_argument);
  EXPECT_EQ(upload->end_part(2, 0).code(), Code::invalid_argument);
  const auto whole = arraymorph::upload(*store::make_memory_store("whole"), {"out", 10, kPart, {}});
  ASSERT_TRUE(whole.ok());
  EXPECT_FALSE((*whole)->takes_pieces());
  EXPECT_EQ((*whole)->put_piece(0, 0, span_of("x")).code(), Code::invalid_argument);
  EXPECT_EQ((*whole)->end_part(0, 0).code(), Code::invalid_argument);
}

// What the notes say is what lies there: else nothing would count as complete afterwards.
TEST_F(PiecesTest, AssembledPartsHaveTheChecksumsOfTheirBytes) {
  const std::string a = noise(1500, 8);
  const std::string b = noise(700, 9);
  const std::string c = noise(400, 10);
  put_source("a", a, true);
  put_source("b", b, false);
  put_source("c", c, true);
  const std::string literal = "head" + noise(30, 11);
  const std::vector<Segment> segments{{0, 4, "", 0, 0},          {10, 1500, "a", 0, 1500},
                                      {1600, 300, "b", 50, 700}, {2050, 400, "c", 0, 400},
                                      {2450, 30, "", 4, 0},      {4000, 700, "b", 0, 700},
                                      {4800, 100, "a", 20, 1500}};
  std::string expected(5500, '\0');  // part 3 and the end of the last are zero
  expected.replace(0, 4, "head");
  expected.replace(10, 1500, a);
  expected.replace(1600, 300, b.substr(50, 300));
  expected.replace(2050, 400, c);
  expected.replace(2450, 30, literal.substr(4));
  expected.replace(4000, 700, b);
  expected.replace(4800, 100, a.substr(20, 100));
  auto upload = begin(expected.size());
  const Status status = assemble(segments, expected.size(), *upload, {}, literal);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(transfer_.items, 6u);
  EXPECT_EQ(transfer_.bytes, expected.size());
  const std::string id = upload->id();
  upload = begin(expected.size(), id);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_TRUE(upload->has(i)) << i;
  EXPECT_TRUE(finished(*upload) == expected);
}

TEST_F(PiecesTest, GoesOnAfterSomePiecesOfAPart) {
  const std::string a = noise(5000, 12);
  put_source("a", a, true);
  std::vector<Segment> segments;
  for (std::uint64_t i = 0; i < 10; ++i) segments.push_back({i * 500, 500, "a", i * 500, 5000});
  auto upload = begin(5000);
  const std::string id = upload->id();
  source_.set_fails(
      [](Verb verb, std::size_t nth, const std::string&) { return verb == Verb::get && nth == 5; });
  TransferLimits limits;
  limits.requests = 1;  // one piece at a time: the second one of part 2 fails
  EXPECT_EQ(assemble(segments, 5000, *upload, limits).code(), Code::unavailable);
  EXPECT_EQ(transfer_.items, 2u);
  source_.set_fails({});
  source_.reset_counts();
  upload = begin(5000, id);
  EXPECT_TRUE(upload->has(1));
  EXPECT_FALSE(upload->has(2));
  ASSERT_TRUE(assemble(segments, 5000, *upload, limits).ok());
  EXPECT_EQ(source_.count(Verb::get), 6u);
  EXPECT_TRUE(finished(*upload) == a);
}

TEST_F(PiecesTest, AWriteThatFailsFailsAllAndCanGoOn) {
  const std::string a = noise(5000, 13);
  put_source("a", a, true);
  const std::string literal = noise(200, 14);
  std::vector<Segment> segments;
  for (std::uint64_t i = 0; i < 10; ++i) segments.push_back({i * 500, 500, "a", i * 500, 5000});
  for (const bool last_is_literal : {false, true}) {
    if (last_is_literal) segments.back() = {4800, 200, "", 0, 0};
    auto upload = begin(5000);
    const std::string id = upload->id();
    Status status;
    {
      const FileSizeLimit limit(4700);  // in the middle of the last part's pieces
      status = assemble(segments, 5000, *upload, {}, literal);
    }
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find((root_ / "out").string()), std::string::npos)
        << status.message();
    EXPECT_EQ(finish(*upload, {}).status().code(), Code::invalid_argument);
    EXPECT_EQ(get(*store_, {"out", {}, {}}).status().code(), Code::not_found);
    upload = begin(5000, id);
    EXPECT_FALSE(upload->has(4));
    ASSERT_TRUE(assemble(segments, 5000, *upload, {}, literal).ok());
    const std::string expected =
        last_is_literal ? a.substr(0, 4500) + std::string(300, '\0') + literal : a;
    EXPECT_TRUE(finished(*upload) == expected);
    ASSERT_TRUE(remove(*store_, {"out"}).ok());
  }
}

}  // namespace
}  // namespace arraymorph
