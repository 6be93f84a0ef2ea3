// The mover: every byte arrives once, bounds hold, failures and cancellation come to rest.
#include "store/move.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "runtime/checksum.h"
#include "store/memory/memory_store.h"
#include "support/bytes.h"
#include "support/fault_store.h"
#include "support/uploads.h"

namespace arraymorph {
namespace {

using store::Move;
using store::Segment;
using store::Transfer;
using store::TransferLimits;
using test::FaultStore;
using test::noise;
using test::text;
using test::Verb;

class MoveTest : public testing::Test {
 protected:
  std::string put_source(const std::string& key, const std::string& content) {
    const auto reply = put(source_, {key, test::bytes(content), {}});
    EXPECT_TRUE(reply.ok());
    return reply->etag;
  }
  std::string at_target(const std::string& key) {
    const auto reply = get(target_, {key, {}, {}});
    return reply.ok() ? text(reply->body) : reply.status().message();
  }

  FaultStore source_{store::make_memory_store("source")};
  FaultStore target_{store::make_memory_store("target")};
  Transfer transfer_;
};

TEST_F(MoveTest, RangesBecomeObjectsWithTheirChecksums) {
  const std::string file = noise(1 << 20, 1);
  const std::string etag = put_source("file", file);
  std::vector<Move> moves;
  for (std::uint64_t at = 0; at < file.size(); at += 1000) {
    const std::uint64_t length = std::min<std::uint64_t>(900, file.size() - at);
    moves.push_back({"file", at, length, "c/" + std::to_string(at), length});
  }
  const Status status = move_objects({&source_, etag}, target_, moves, TransferLimits(), transfer_);
  ASSERT_TRUE(status.ok()) << status.message();
  for (const Move& move : moves) {
    const auto reply = get(target_, {move.to, {}, {}});
    ASSERT_TRUE(reply.ok());
    EXPECT_EQ(text(reply->body), file.substr(*move.offset, move.length));
    EXPECT_EQ(reply->checksum, crc32c(reply->body.span()));
  }
  EXPECT_EQ(transfer_.items, moves.size());
  EXPECT_EQ(source_.count(Verb::get), 1u);  // neighbours are read together
  EXPECT_EQ(target_.count(Verb::put), moves.size());
}

TEST_F(MoveTest, RangesFarApartAndOfAnyOrderAreReadOneByOne) {
  const std::string file = noise(1 << 20, 2);
  put_source("file", file);
  const std::vector<Move> moves{{"file", 900000, 10, "a", 10},
                                {"file", 0, 10, "b", 10},
                                {"file", 500000, 10, "c", 10},
                                {"file", 500010, 5, "d", 5}};
  ASSERT_TRUE(move_objects({&source_, ""}, target_, moves, TransferLimits(), transfer_).ok());
  EXPECT_EQ(at_target("a"), file.substr(900000, 10));
  EXPECT_EQ(at_target("b"), file.substr(0, 10));
  EXPECT_EQ(at_target("c"), file.substr(500000, 10));
  EXPECT_EQ(at_target("d"), file.substr(500010, 5));
  EXPECT_EQ(source_.count(Verb::get), 3u);
}

TEST_F(MoveTest, ObjectsAreFilledUpWithZeros) {
  put_source("file", "0123456789");
  const std::vector<Move> moves{{"file", 0, 4, "a", 4}, {"file", 4, 6, "b", 8}};
  ASSERT_TRUE(move_objects({&source_, ""}, target_, moves, TransferLimits(), transfer_).ok());
  EXPECT_EQ(at_target("a"), "0123");
  EXPECT_EQ(at_target("b"), std::string("456789\0\0", 8));
}

TEST_F(MoveTest, WholeObjectsInsideOneStoreAreCopiedThere) {
  put_source("a", "content");
  const std::vector<Move> moves{{"a", {}, 7, "b", 7}};
  ASSERT_TRUE(move_objects({&source_, ""}, source_, moves, TransferLimits(), transfer_).ok());
  EXPECT_EQ(source_.count(Verb::copy), 1u);
  EXPECT_EQ(source_.count(Verb::get), 0u);
  EXPECT_EQ(text(get(source_, {"b", {}, {}})->body), "content");
}

TEST_F(MoveTest, EmptyObjectsMoveToo) {
  put_source("a", "");
  const std::vector<Move> moves{{"a", {}, 0, "b", 0}};
  ASSERT_TRUE(move_objects({&source_, ""}, target_, moves, TransferLimits(), transfer_).ok());
  EXPECT_EQ(at_target("b"), "");
}

TEST_F(MoveTest, ASourceThatChangesIsAConflict) {
  const std::string etag = put_source("file", noise(100, 3));
  put_source("file", noise(100, 4));
  const std::vector<Move> moves{{"file", 0, 100, "a", 100}};
  const Status status = move_objects({&source_, etag}, target_, moves, TransferLimits(), transfer_);
  EXPECT_EQ(status.code(), Code::conflict);
  EXPECT_NE(status.message().find("changed while it was copied"), std::string::npos);
  put_source("short", "12345");
  const std::vector<Move> whole{{"short", {}, 9, "b", 9}};
  EXPECT_EQ(move_objects({&source_, ""}, target_, whole, TransferLimits(), transfer_).code(),
            Code::conflict);
}

TEST_F(MoveTest, TheFirstFailureIsToldAndNothingIsBegunAfterIt) {
  const std::string file = noise(200 * 100000, 5);
  put_source("file", file);
  std::vector<Move> moves;
  for (std::uint64_t i = 0; i < 100; ++i) {
    moves.push_back({"file", i * 200000, 1000, "c/" + std::to_string(i), 1000});
  }
  target_.set_fails([](Verb verb, std::size_t nth, const std::string&) {
    return verb == Verb::put && nth == 10;
  });
  TransferLimits limits;
  limits.requests = 1;
  const Status status = move_objects({&source_, ""}, target_, moves, limits, transfer_);
  EXPECT_EQ(status.code(), Code::unavailable);
  EXPECT_NE(status.message().find("injected failure"), std::string::npos);
  EXPECT_LE(target_.count(Verb::put), 13u);
}

TEST_F(MoveTest, CancellingComesToRest) {
  put_source("file", noise(100, 6));
  transfer_.cancelled = true;
  const std::vector<Move> moves{{"file", 0, 100, "a", 100}};
  const Status status = move_objects({&source_, ""}, target_, moves, TransferLimits(), transfer_);
  EXPECT_EQ(status.code(), Code::unavailable);
  EXPECT_EQ(source_.count(Verb::get), 0u);
}

TEST_F(MoveTest, ComparingFindsWhatDiffers) {
  const std::string file = noise(1000, 7);
  put_source("file", file);
  const std::vector<Move> moves{{"file", 0, 500, "a", 500}, {"file", 500, 500, "b", 512}};
  ASSERT_TRUE(move_objects({&source_, ""}, target_, moves, TransferLimits(), transfer_).ok());
  EXPECT_TRUE(compare_objects({&source_, ""}, target_, moves, TransferLimits(), transfer_).ok());
  EXPECT_EQ(target_.count(Verb::put), 2u);
  ASSERT_TRUE(
      put(target_, {"b", test::bytes(file.substr(500) + std::string(11, '\0') + "x"), {}}).ok());
  const Status status =
      compare_objects({&source_, ""}, target_, moves, TransferLimits(), transfer_);
  EXPECT_EQ(status.code(), Code::corrupt);
  EXPECT_NE(status.message().find("/b differs"), std::string::npos);
}

class AssembleTest : public MoveTest {
 protected:
  static constexpr std::uint64_t kPart = 1000;

  std::shared_ptr<Upload> begin(std::uint64_t size, const std::string& id = {}) {
    return test::begin_upload(*inner_, size, kPart, id);
  }
  std::string finished(Upload& upload) { return test::finished(*inner_, upload); }

  const std::shared_ptr<ObjectStore> inner_ = store::make_memory_store("assembled");
};

TEST_F(AssembleTest, PutsObjectsLiteralBytesAndZerosInTheirPlaces) {
  const std::string a = noise(1500, 8);
  const std::string b = noise(700, 9);
  put_source("a", a);
  put_source("b", b);
  const std::string literal = "head" + noise(30, 10);
  const std::vector<Segment> segments{{0, 4, "", 0, 0},
                                      {10, 1500, "a", 0, 1500},
                                      {1600, 600, "b", 50, 700},
                                      {2200, 700, "b", 0, 700},
                                      {2900, 30, "", 4, 0}};
  std::string expected(3500, '\0');
  expected.replace(0, 4, "head");
  expected.replace(10, 1500, a);
  expected.replace(1600, 600, b.substr(50, 600));
  expected.replace(2200, 700, b);
  expected.replace(2900, 30, literal.substr(4));
  const auto upload = begin(3500);
  const Status status = assemble({&source_, ""}, std::as_bytes(std::span(literal)), segments, 3500,
                                 *upload, TransferLimits(), transfer_);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(transfer_.items, 4u);
  EXPECT_EQ(transfer_.bytes, 3500u);
  EXPECT_EQ(finished(*upload), expected);
}

TEST_F(AssembleTest, GoesOnWithThePartsThatAreMissing) {
  const std::string a = noise(5000, 11);
  put_source("a", a);
  std::vector<Segment> segments;
  for (std::uint64_t i = 0; i < 5; ++i) segments.push_back({i * 1000, 1000, "a", i * 1000, 5000});
  auto upload = begin(5000);
  const std::string id = upload->id();
  source_.set_fails(
      [](Verb verb, std::size_t nth, const std::string&) { return verb == Verb::get && nth == 3; });
  TransferLimits limits;
  limits.bytes = 1;  // one part at a time
  EXPECT_EQ(assemble({&source_, ""}, {}, segments, 5000, *upload, limits, transfer_).code(),
            Code::unavailable);
  source_.set_fails({});
  source_.reset_counts();
  upload = begin(5000, id);
  ASSERT_TRUE(assemble({&source_, ""}, {}, segments, 5000, *upload, limits, transfer_).ok());
  EXPECT_EQ(source_.count(Verb::get), 2u);
  EXPECT_EQ(finished(*upload), a);
}

TEST_F(AssembleTest, AnObjectThatBecameShorterIsAConflict) {
  put_source("a", noise(500, 12));
  const std::vector<Segment> segments{{0, 900, "a", 0, 900}};
  const auto upload = begin(900);
  EXPECT_EQ(
      assemble({&source_, ""}, {}, segments, 900, *upload, TransferLimits(), transfer_).code(),
      Code::conflict);
}

TEST_F(AssembleTest, NothingBecomesAnEmptyObject) {
  const auto upload = begin(0);
  ASSERT_TRUE(assemble({&source_, ""}, {}, {}, 0, *upload, TransferLimits(), transfer_).ok());
  EXPECT_EQ(finished(*upload), "");
}

}  // namespace
}  // namespace arraymorph
