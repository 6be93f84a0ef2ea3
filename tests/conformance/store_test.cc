// The contract of ObjectStore, for every store: memory, local directory, and the S3 server that
// AWS_ENDPOINT_URL_S3 names (skipped without one; see tests/support/with-seaweed).
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <latch>
#include <mutex>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "arraymorph/object_store.h"
#include "runtime/checksum.h"
#include "runtime/config.h"
#include "store/local/local_store.h"
#include "store/memory/memory_store.h"
#include "store/s3/s3_store.h"
#include "support/bytes.h"

namespace arraymorph {
namespace {

using Kind = PutCondition::Kind;
using test::bytes;
using test::text;

std::shared_ptr<const Buffer> random_bytes(std::size_t size, unsigned seed) {
  Buffer buffer(size);
  std::minstd_rand random(seed);
  for (std::byte& byte : buffer.span()) byte = static_cast<std::byte>(random());
  return std::make_shared<const Buffer>(std::move(buffer));
}

bool same(const Buffer& a, const Buffer& b) {
  return a.size() == b.size() && std::equal(a.data(), a.data() + a.size(), b.data());
}

class StoreTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string kind = GetParam();
    if (kind == "memory") {
      store_ = store::make_memory_store("conformance");
    } else if (kind == "local") {
      directory_ = testing::TempDir() + "arraymorph-" + std::to_string(::getpid());
      store_ = store::make_local_store(directory_);
    } else {
      const Result<Config> config = config_from_environment();
      ASSERT_TRUE(config.ok()) << config.status().message();
      if (config->s3.endpoint.empty() || config->bucket.empty()) {
        GTEST_SKIP() << "no S3 server: AWS_ENDPOINT_URL_S3 and BUCKET_NAME are not set";
      }
      Result<std::shared_ptr<ObjectStore>> made = store::make_s3_store(config->bucket, *config);
      ASSERT_TRUE(made.ok()) << made.status().message();
      store_ = std::move(*made);
    }
    prefix_ = "conformance-" + std::to_string(::getpid()) + "-" +
              std::to_string(std::random_device{}()) + "/";
  }

  void TearDown() override {
    if (store_) {
      const auto left = list_all(*store_, prefix_);
      ASSERT_TRUE(left.ok()) << left.status().message();
      std::vector<std::string> keys;
      for (const ObjectInfo& object : *left) keys.push_back(object.key);
      EXPECT_TRUE(remove(*store_, keys).ok());
      EXPECT_TRUE(list_all(*store_, prefix_)->empty());
    }
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }

  std::string key(std::string_view name) const { return prefix_ + std::string(name); }

  std::string must_put(std::string_view name, std::string_view content,
                       PutCondition condition = {}) {
    const Result<PutReply> reply = put(*store_, {key(name), bytes(content), condition, false});
    EXPECT_TRUE(reply.ok()) << reply.status().message();
    return reply.ok() ? reply->etag : "";
  }

  Code put_code(std::string_view name, std::string_view content, PutCondition condition) {
    return put(*store_, {key(name), bytes(content), condition, false}).status().code();
  }

  std::string must_get(std::string_view name) {
    const Result<GetReply> reply = get(*store_, {key(name), {}, {}});
    EXPECT_TRUE(reply.ok()) << reply.status().message();
    return reply.ok() ? text(reply->body) : "";
  }

  std::shared_ptr<ObjectStore> store_;
  std::string prefix_;
  std::string directory_;
};

TEST_P(StoreTest, KeepsChecksums) {
  PutRequest request{key("a"), bytes("hello"), {}};
  request.checksum = crc32c(request.body->span());
  ASSERT_TRUE(put(*store_, request).ok());
  const auto checksum_of = [&](std::string_view name) {
    const Result<GetReply> reply = get(*store_, {key(name), {}, {}});
    EXPECT_TRUE(reply.ok()) << reply.status().message();
    return reply.ok() ? reply->checksum : std::nullopt;
  };
  if (GetParam() == std::string("local") && !checksum_of("a")) {
    GTEST_SKIP() << "the file system of " << directory_ << " has no extended attributes";
  }
  EXPECT_EQ(checksum_of("a"), request.checksum);
  ASSERT_TRUE(copy(*store_, key("a"), key("b")).ok());
  EXPECT_EQ(checksum_of("b"), request.checksum);
  must_put("a", "hello");
  EXPECT_EQ(checksum_of("a"), std::nullopt);
}

TEST_P(StoreTest, ReturnsWhatWasPut) {
  const std::string etag = must_put("a", "hello");
  EXPECT_FALSE(etag.empty());
  const Result<GetReply> reply = get(*store_, {key("a"), {}, {}});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(text(reply->body), "hello");
  EXPECT_EQ(reply->received, 5u);
  EXPECT_EQ(reply->object_size, 5u);
  EXPECT_EQ(reply->etag, etag);
}

TEST_P(StoreTest, ReplacesAsAWhole) {
  const std::string first = must_put("a", "a long first content");
  const std::string second = must_put("a", "short");
  EXPECT_EQ(must_get("a"), "short");
  EXPECT_NE(first, second);
}

TEST_P(StoreTest, EntityTagChangesWithContentOfTheSameSize) {
  std::vector<std::string> tags;
  for (int i = 0; i < 20; ++i) tags.push_back(must_put("a", std::to_string(100 + i)));
  std::sort(tags.begin(), tags.end());
  EXPECT_EQ(std::unique(tags.begin(), tags.end()), tags.end());
}

TEST_P(StoreTest, TheBodyIsTheCallersAgainAfterTheAnswer) {
  const auto body = std::make_shared<Buffer>(Buffer::copy_of(bytes("first")->span()));
  ASSERT_TRUE(put(*store_, {key("a"), body, {}, false}).ok());
  std::fill_n(body->data(), body->size(), std::byte{'x'});
  EXPECT_EQ(must_get("a"), "first");
}

TEST_P(StoreTest, KeepsEmptyObjects) {
  must_put("empty", "");
  const Result<GetReply> reply = get(*store_, {key("empty"), {}, {}});
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply->received, 0u);
  EXPECT_EQ(reply->object_size, 0u);
  const Result<ObjectInfo> info = head(*store_, key("empty"));
  ASSERT_TRUE(info.ok()) << info.status().message();
  EXPECT_EQ(info->size, 0u);
  EXPECT_EQ(get(*store_, {key("empty"), ByteRange{0, 1}, {}}).status().code(),
            Code::invalid_argument);
}

TEST_P(StoreTest, MissingObjectsAreNotFound) {
  const Result<GetReply> reply = get(*store_, {key("missing"), {}, {}});
  EXPECT_EQ(reply.status().code(), Code::not_found) << reply.status().message();
  EXPECT_NE(reply.status().message().find("missing"), std::string::npos);
  EXPECT_EQ(head(*store_, key("missing")).status().code(), Code::not_found);
  EXPECT_EQ(copy(*store_, key("missing"), key("b")).code(), Code::not_found);
  must_put("directory/a", "x");
  EXPECT_EQ(get(*store_, {key("directory"), {}, {}}).status().code(), Code::not_found);
}

TEST_P(StoreTest, HeadTellsSizeAndTag) {
  const std::string etag = must_put("a", "12345");
  const Result<ObjectInfo> info = head(*store_, key("a"));
  ASSERT_TRUE(info.ok()) << info.status().message();
  EXPECT_EQ(info->key, key("a"));
  EXPECT_EQ(info->size, 5u);
  EXPECT_EQ(info->etag, etag);
}

// By the store's own clock: a server's may differ from ours.
TEST_P(StoreTest, TellsWhenAnObjectWasStored) {
  constexpr std::int64_t kMostSkew = 900;  // seconds
  must_put("a", "first");
  const Result<ObjectInfo> first = head(*store_, key("a"));
  ASSERT_TRUE(first.ok()) << first.status().message();
  EXPECT_NEAR(static_cast<double>(first->modified), static_cast<double>(std::time(nullptr)),
              kMostSkew);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  must_put("a", "second");
  ASSERT_TRUE(copy(*store_, key("a"), key("b")).ok());
  const Result<ObjectInfo> second = head(*store_, key("a"));
  ASSERT_TRUE(second.ok()) << second.status().message();
  EXPECT_GT(second->modified, first->modified);
  const auto listed = list_all(*store_, prefix_);
  ASSERT_TRUE(listed.ok()) << listed.status().message();
  ASSERT_EQ(listed->size(), 2u);
  EXPECT_EQ((*listed)[0].modified, second->modified);
  EXPECT_GE((*listed)[1].modified, second->modified);
}

TEST_P(StoreTest, TheIdentityNamesTheServerWithoutCredentials) {
  const std::string identity = store_->identity();
  EXPECT_FALSE(identity.empty());
  if (const char* endpoint = std::getenv("AWS_ENDPOINT_URL_S3"); GetParam() == std::string("s3")) {
    EXPECT_EQ(identity, std::string(endpoint) + " " + std::getenv("BUCKET_NAME"));
    EXPECT_FALSE(store_->keeps_conditions());
  } else {
    EXPECT_TRUE(store_->keeps_conditions());
  }
}

TEST_P(StoreTest, ReadsRanges) {
  must_put("a", "0123456789");
  const auto range = [&](std::uint64_t offset, std::uint64_t length) {
    return get(*store_, {key("a"), ByteRange{offset, length}, {}});
  };
  const Result<GetReply> middle = range(3, 4);
  ASSERT_TRUE(middle.ok()) << middle.status().message();
  EXPECT_EQ(text(middle->body), "3456");
  EXPECT_EQ(middle->object_size, 10u);
  EXPECT_EQ(text(range(0, 1)->body), "0");
  EXPECT_EQ(text(range(8, 100)->body), "89");
  EXPECT_EQ(text(range(0, 10)->body), "0123456789");
  EXPECT_EQ(range(10, 1).status().code(), Code::invalid_argument);
  EXPECT_EQ(range(1000, 1).status().code(), Code::invalid_argument);
  EXPECT_EQ(range(0, 0).status().code(), Code::invalid_argument);
}

TEST_P(StoreTest, ReceivesIntoTheCallersMemory) {
  must_put("a", "0123456789");
  Buffer target(12);
  std::fill_n(target.data(), 12, std::byte{'.'});
  const Result<GetReply> whole = get(*store_, {key("a"), {}, target.span()});
  ASSERT_TRUE(whole.ok()) << whole.status().message();
  EXPECT_TRUE(whole->body.empty());
  EXPECT_EQ(whole->received, 10u);
  EXPECT_EQ(text(target), "0123456789..");
  const Result<GetReply> part =
      get(*store_, {key("a"), ByteRange{5, 3}, target.span().subspan(9, 3)});
  ASSERT_TRUE(part.ok()) << part.status().message();
  EXPECT_EQ(text(target), "012345678567");
  EXPECT_EQ(get(*store_, {key("a"), {}, target.span().first(9)}).status().code(), Code::corrupt);
}

// Large enough for the S3 store to receive in place.
TEST_P(StoreTest, ReceivesLargeObjectsIntoTheCallersMemory) {
  const auto content = random_bytes(300000, 1);
  ASSERT_TRUE(put(*store_, {key("a"), content, {}, false}).ok());
  Buffer target(400000);
  std::fill_n(target.data(), target.size(), std::byte{'.'});
  const Result<GetReply> whole = get(*store_, {key("a"), {}, target.span()});
  ASSERT_TRUE(whole.ok()) << whole.status().message();
  EXPECT_TRUE(whole->body.empty());
  EXPECT_EQ(whole->received, content->size());
  EXPECT_EQ(whole->object_size, content->size());
  EXPECT_FALSE(whole->etag.empty());
  EXPECT_TRUE(std::equal(content->data(), content->data() + content->size(), target.data()));
  EXPECT_EQ(target.data()[content->size()], std::byte{'.'});

  const Result<GetReply> part = get(*store_, {key("a"), ByteRange{100000, 150000}, target.span()});
  ASSERT_TRUE(part.ok()) << part.status().message();
  EXPECT_EQ(part->received, 150000u);
  EXPECT_EQ(part->object_size, content->size());
  EXPECT_TRUE(std::equal(target.data(), target.data() + 150000, content->data() + 100000));
  const Result<GetReply> end = get(*store_, {key("a"), ByteRange{250000, 150000}, target.span()});
  ASSERT_TRUE(end.ok()) << end.status().message();
  EXPECT_EQ(end->received, 50000u);
  EXPECT_TRUE(std::equal(target.data(), target.data() + 50000, content->data() + 250000));

  EXPECT_EQ(get(*store_, {key("a"), {}, target.span().first(299999)}).status().code(),
            Code::corrupt);
  EXPECT_EQ(get(*store_, {key("missing"), {}, target.span()}).status().code(), Code::not_found);
  EXPECT_EQ(get(*store_, {key("a"), ByteRange{300000, 50000}, target.span()}).status().code(),
            Code::invalid_argument);
}

TEST_P(StoreTest, AnExpectedSizeIsOnlyAHint) {
  const auto content = random_bytes(200000, 2);
  ASSERT_TRUE(put(*store_, {key("a"), content, {}, false}).ok());
  for (const std::uint64_t expected : {1u, 50000u, 199999u, 200000u, 200001u, 5000000u}) {
    const Result<GetReply> reply = get(*store_, {key("a"), {}, {}, expected});
    ASSERT_TRUE(reply.ok()) << expected << ": " << reply.status().message();
    EXPECT_TRUE(same(reply->body, *content)) << expected;
    EXPECT_EQ(reply->object_size, content->size());
  }
  must_put("empty", "");
  Buffer target(100000);
  for (const ByteSpan into : {ByteSpan(), target.span()}) {
    const Result<GetReply> empty = get(*store_, {key("empty"), {}, into, 100000});
    ASSERT_TRUE(empty.ok()) << empty.status().message();
    EXPECT_EQ(empty->received, 0u);
    EXPECT_EQ(empty->object_size, 0u);
  }
}

TEST_P(StoreTest, CreatesOnlyWhereAbsent) {
  const std::string etag = must_put("a", "first", {Kind::if_absent, {}});
  EXPECT_EQ(put_code("a", "second", {Kind::if_absent, {}}), Code::already_exists);
  EXPECT_EQ(must_get("a"), "first");
  EXPECT_EQ(head(*store_, key("a"))->etag, etag);
}

TEST_P(StoreTest, ReplacesOnlyWhatMatches) {
  const std::string first = must_put("a", "first");
  const std::string second = must_put("a", "second", {Kind::if_match, first});
  EXPECT_EQ(put_code("a", "third", {Kind::if_match, first}), Code::conflict);
  EXPECT_EQ(must_get("a"), "second");
  must_put("a", "third", {Kind::if_match, second});
  EXPECT_EQ(must_get("a"), "third");
  EXPECT_EQ(put_code("missing", "x", {Kind::if_match, first}), Code::conflict);
}

TEST_P(StoreTest, DurablePutsWork) {
  const auto reply = put(*store_, {key("a"), bytes("x"), {}, true});
  EXPECT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(must_get("a"), "x");
}

TEST_P(StoreTest, RemovesAndToleratesMissingKeys) {
  must_put("a", "1");
  must_put("b/c/d", "2");
  EXPECT_TRUE(remove(*store_, {key("a"), key("missing"), key("b/c/d"), key("b/x/y")}).ok());
  EXPECT_EQ(get(*store_, {key("a"), {}, {}}).status().code(), Code::not_found);
  EXPECT_TRUE(list_all(*store_, prefix_)->empty());
  EXPECT_TRUE(remove(*store_, {}).ok());
}

TEST_P(StoreTest, CopiesInsideTheStore) {
  must_put("a b/ü+%.h5", "content");
  const Status copied = copy(*store_, key("a b/ü+%.h5"), key("copy/of it"));
  ASSERT_TRUE(copied.ok()) << copied.message();
  EXPECT_EQ(must_get("copy/of it"), "content");
  EXPECT_EQ(must_get("a b/ü+%.h5"), "content");
}

TEST_P(StoreTest, TakesAnyCharacterInKeys) {
  const std::vector<std::string> names{
      "with space",        "plus+sign",
      "percent%41",        "tilde~",
      "ümläut-日本語-🎈",  "a&b=c?d#e",
      "quote\"'`",         "(round)[sq]{}",
      "semi;colon:comma,", "<tag>&amp;",
      "star*!$@",          ".hidden",
      "trailing.",         "a/.arraymorph/metadata.h5",
      "a/ds/c/0/10",       "|pipe^",
  };
  for (const std::string& name : names) must_put(name, "content of " + name);
  for (const std::string& name : names) EXPECT_EQ(must_get(name), "content of " + name) << name;
  std::vector<std::string> expected;
  for (const std::string& name : names) expected.push_back(key(name));
  std::sort(expected.begin(), expected.end());
  const Result<std::vector<ObjectInfo>> all = list_all(*store_, prefix_);
  ASSERT_TRUE(all.ok()) << all.status().message();
  std::vector<std::string> listed;
  for (const ObjectInfo& object : *all) listed.push_back(object.key);
  std::sort(listed.begin(), listed.end());
  EXPECT_EQ(listed, expected);
}

TEST_P(StoreTest, RefusesKeysThatAreNotKeys) {
  for (const char* name : {"", "/a", "a/", "a//b", "./a", "a/../b", "..", "a/."}) {
    EXPECT_EQ(put(*store_, {name, bytes("x"), {}, false}).status().code(), Code::invalid_argument)
        << name;
    EXPECT_EQ(get(*store_, {name, {}, {}}).status().code(), Code::invalid_argument) << name;
    EXPECT_EQ(head(*store_, name).status().code(), Code::invalid_argument) << name;
    EXPECT_EQ(copy(*store_, name, key("a")).code(), Code::invalid_argument) << name;
    EXPECT_EQ(remove(*store_, {name}).code(), Code::invalid_argument) << name;
  }
}

TEST_P(StoreTest, ListsByPrefixInOrder) {
  for (const char* name : {"b", "a/2", "a/10", "a.b", "ab", "a/c/0", "z"}) must_put(name, name);
  const auto names = [&](std::string_view prefix) {
    const Result<std::vector<ObjectInfo>> all = list_all(*store_, key(prefix));
    EXPECT_TRUE(all.ok()) << all.status().message();
    std::vector<std::string> found;
    for (const ObjectInfo& object : *all) {
      EXPECT_EQ(object.size, object.key.size() - prefix_.size());
      EXPECT_EQ(head(*store_, object.key)->etag, object.etag);
      found.push_back(object.key.substr(prefix_.size()));
    }
    return found;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(""), (Names{"a.b", "a/10", "a/2", "a/c/0", "ab", "b", "z"}));
  EXPECT_EQ(names("a/"), (Names{"a/10", "a/2", "a/c/0"}));
  EXPECT_EQ(names("a"), (Names{"a.b", "a/10", "a/2", "a/c/0", "ab"}));
  EXPECT_EQ(names("a/1"), (Names{"a/10"}));
  EXPECT_EQ(names("nothing"), Names{});
}

TEST_P(StoreTest, ListsInPages) {
  std::vector<std::string> expected;
  for (int i = 0; i < 25; ++i) {
    must_put("p/" + std::to_string(100 + i), "x");
    expected.push_back(key("p/" + std::to_string(100 + i)));
  }
  std::vector<std::string> found;
  ListRequest request{key("p/"), {}, 10};
  std::size_t pages = 0;
  do {
    std::latch ready(1);
    Result<ListReply> page = Status(Code::internal, "not called");
    store_->list(request, [&](Result<ListReply> reply) {
      page = std::move(reply);
      ready.count_down();
    });
    ready.wait();
    ASSERT_TRUE(page.ok()) << page.status().message();
    ASSERT_LE(page->objects.size(), 10u);
    for (const ObjectInfo& object : page->objects) found.push_back(object.key);
    request.after = page->next;
    ASSERT_LT(++pages, 10u);
  } while (!request.after.empty());
  EXPECT_EQ(found, expected);
  EXPECT_EQ(pages, 3u);
}

TEST_P(StoreTest, ListsFolders) {
  for (const char* name : {"b", "a/2", "a/10", "a.b", "ab", "a/c/0", "a/c/1", "a0", "z/ü/1"}) {
    must_put(name, name);
  }
  const auto names = [&](std::string_view folder) {
    const Result<ListReply> reply = list_folder(*store_, key(folder));
    EXPECT_TRUE(reply.ok()) << reply.status().message();
    EXPECT_TRUE(reply->next.empty());
    std::vector<std::string> found;
    for (const ObjectInfo& object : reply->objects) {
      EXPECT_EQ(object.size, object.key.size() - prefix_.size());
      found.push_back(object.key.substr(prefix_.size()));
    }
    found.emplace_back("|");
    for (const std::string& each : reply->prefixes) found.push_back(each.substr(prefix_.size()));
    return found;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names(""), (Names{"a.b", "a0", "ab", "b", "|", "a/", "z/"}));
  EXPECT_EQ(names("a/"), (Names{"a/10", "a/2", "|", "a/c/"}));
  EXPECT_EQ(names("z/"), (Names{"|", "z/ü/"}));
  EXPECT_EQ(names("nothing/"), Names{"|"});
}

TEST_P(StoreTest, ListsFoldersInPages) {
  std::vector<std::string> expected;
  for (int i = 0; i < 24; ++i) {
    const std::string name = "p/" + std::to_string(100 + i);
    for (int object = 0; object < (i % 2 == 0 ? 1 : 3); ++object) {
      must_put(i % 2 == 0 ? name : name + "/" + std::to_string(object), "x");
    }
    expected.push_back(key(i % 2 == 0 ? name : name + "/"));
  }
  std::vector<std::string> found;
  ListRequest request{key("p/"), {}, 5};
  request.delimited = true;
  std::size_t pages = 0;
  do {
    const Result<ListReply> page = list(*store_, request);
    ASSERT_TRUE(page.ok()) << page.status().message();
    ASSERT_LE(page->objects.size() + page->prefixes.size(), 5u);
    for (const ObjectInfo& object : page->objects) found.push_back(object.key);
    found.insert(found.end(), page->prefixes.begin(), page->prefixes.end());
    request.after = page->next;
    ASSERT_LT(++pages, 20u);
  } while (!request.after.empty());
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, expected);
}

TEST_P(StoreTest, KeepsLargeObjects) {
  const auto large = random_bytes((40u << 20) + 17, 1);
  ASSERT_TRUE(put(*store_, {key("large"), large, {}, false}).ok());
  const Result<GetReply> whole = get(*store_, {key("large"), {}, {}});
  ASSERT_TRUE(whole.ok()) << whole.status().message();
  EXPECT_TRUE(same(whole->body, *large));
  Buffer part(1u << 20);
  const auto piece = get(*store_, {key("large"), ByteRange{39u << 20, 1u << 20}, part.span()});
  ASSERT_TRUE(piece.ok()) << piece.status().message();
  EXPECT_TRUE(std::equal(part.data(), part.data() + part.size(), large->data() + (39u << 20)));
}

TEST_P(StoreTest, ServesManyRequestsAtOnce) {
  constexpr unsigned kCount = 200;
  std::vector<std::shared_ptr<const Buffer>> contents;
  for (unsigned i = 0; i < kCount; ++i) contents.push_back(random_bytes(1000 + 37 * i, i));
  std::atomic<unsigned> failures{0};
  std::latch stored(kCount);
  for (unsigned i = 0; i < kCount; ++i) {
    store_->put({key("many/" + std::to_string(i)), contents[i], {}, false},
                [&](const Result<PutReply>& reply) {
                  if (!reply.ok()) ++failures;
                  stored.count_down();
                });
  }
  stored.wait();
  ASSERT_EQ(failures, 0u);
  std::latch loaded(kCount);
  for (unsigned i = 0; i < kCount; ++i) {
    store_->get({key("many/" + std::to_string(i)), {}, {}}, [&, i](const Result<GetReply>& reply) {
      if (!reply.ok() || !same(reply->body, *contents[i])) ++failures;
      loaded.count_down();
    });
  }
  loaded.wait();
  EXPECT_EQ(failures, 0u);
}

TEST_P(StoreTest, CallbacksMayUseTheStore) {
  std::latch finished(1);
  std::string found;
  store_->put({key("a"), bytes("chained"), {}, false}, [&](const Result<PutReply>&) {
    store_->get({key("a"), {}, {}}, [&](const Result<GetReply>& reply) {
      if (reply.ok()) found = text(reply->body);
      finished.count_down();
    });
  });
  finished.wait();
  EXPECT_EQ(found, "chained");
}

TEST_P(StoreTest, ReadersNeverSeeAMixture) {
  const auto a = bytes(std::string(100000, 'a'));
  const auto b = bytes(std::string(100000, 'b'));
  ASSERT_TRUE(put(*store_, {key("x"), a, {}, false}).ok());
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE(put(*store_, {key("x"), i % 2 == 0 ? b : a, {}, false}).ok());
    }
    stop = true;
  });
  while (!stop) {
    const Result<GetReply> reply = get(*store_, {key("x"), {}, {}});
    ASSERT_TRUE(reply.ok()) << reply.status().message();
    EXPECT_TRUE(same(reply->body, *a) || same(reply->body, *b));
  }
  writer.join();
}

// Uploads in parts. 5 MiB is the least that S3 takes for all parts but the last.
constexpr std::uint64_t kPart = 5u << 20;

class UploadTest : public StoreTest {
 protected:
  std::shared_ptr<const Buffer> part_of(const Buffer& content, std::size_t number) const {
    const std::size_t begin = number * kPart;
    const std::size_t length = std::min<std::size_t>(kPart, content.size() - begin);
    return std::make_shared<const Buffer>(Buffer::copy_of(content.span().subspan(begin, length)));
  }

  Status put_part(Upload& upload, std::size_t number, std::shared_ptr<const Buffer> body) const {
    std::latch done(1);
    Status found;
    upload.put_part(number, std::move(body), [&](Status status) {
      found = std::move(status);
      done.count_down();
    });
    done.wait();
    return found;
  }

  std::shared_ptr<Upload> must_begin(std::string_view name, std::uint64_t size,
                                     std::string resume = {}) {
    const auto begun = upload(*store_, {key(name), size, kPart, std::move(resume)});
    EXPECT_TRUE(begun.ok()) << begun.status().message();
    return begun.ok() ? *begun : nullptr;
  }
};

TEST_P(UploadTest, PartsInAnyOrderBecomeOneObject) {
  const auto content = random_bytes(3 * kPart + 12345, 7);
  const auto upload = must_begin("big", content->size());
  ASSERT_TRUE(upload);
  ASSERT_EQ(upload->part_count(), 4u);
  std::latch done(4);
  std::atomic<int> failures{0};
  for (const std::size_t number : {3u, 1u, 0u, 2u}) {
    EXPECT_FALSE(upload->has(number));
    upload->put_part(number, part_of(*content, number), [&](const Status& status) {
      if (!status.ok()) ++failures;
      done.count_down();
    });
  }
  done.wait();
  ASSERT_EQ(failures, 0);
  EXPECT_EQ(head(*store_, key("big")).status().code(), Code::not_found);
  EXPECT_TRUE(list_all(*store_, prefix_)->empty());
  const auto finished = finish(*upload, {});
  ASSERT_TRUE(finished.ok()) << finished.status().message();
  const Result<GetReply> whole = get(*store_, {key("big"), {}, {}});
  ASSERT_TRUE(whole.ok()) << whole.status().message();
  EXPECT_TRUE(same(whole->body, *content));
  EXPECT_EQ(whole->etag, finished->etag);
}

TEST_P(UploadTest, APartMayBePutAgain) {
  const auto content = random_bytes(kPart + 1, 8);
  const auto upload = must_begin("again", content->size());
  ASSERT_TRUE(upload);
  ASSERT_TRUE(put_part(*upload, 0, random_bytes(kPart, 9)).ok());
  ASSERT_TRUE(put_part(*upload, 1, part_of(*content, 1)).ok());
  ASSERT_TRUE(put_part(*upload, 0, part_of(*content, 0)).ok());
  const auto finished = finish(*upload, {});
  ASSERT_TRUE(finished.ok()) << finished.status().message();
  EXPECT_TRUE(same(get(*store_, {key("again"), {}, {}})->body, *content));
}

TEST_P(UploadTest, GoesOnWithWhatIsThere) {
  const auto content = random_bytes(3 * kPart - 1, 10);
  auto upload = must_begin("resumed", content->size());
  ASSERT_TRUE(upload);
  const std::string id = upload->id();
  ASSERT_FALSE(id.empty());
  ASSERT_TRUE(put_part(*upload, 2, part_of(*content, 2)).ok());
  ASSERT_TRUE(put_part(*upload, 0, part_of(*content, 0)).ok());
  upload.reset();
  upload = must_begin("resumed", content->size(), id);
  ASSERT_TRUE(upload);
  EXPECT_TRUE(upload->has(0));
  EXPECT_FALSE(upload->has(1));
  EXPECT_TRUE(upload->has(2));
  EXPECT_EQ(finish(*upload, {}).status().code(), Code::invalid_argument);
  ASSERT_TRUE(put_part(*upload, 1, part_of(*content, 1)).ok());
  const auto finished = finish(*upload, {});
  ASSERT_TRUE(finished.ok()) << finished.status().message();
  EXPECT_TRUE(same(get(*store_, {key("resumed"), {}, {}})->body, *content));
}

TEST_P(UploadTest, NothingIsLeftAfterAbort) {
  const auto upload = must_begin("aborted", 2 * kPart);
  ASSERT_TRUE(upload);
  ASSERT_TRUE(put_part(*upload, 0, random_bytes(kPart, 11)).ok());
  ASSERT_TRUE(abort(*upload).ok());
  const auto again = arraymorph::upload(*store_, {key("aborted"), 2 * kPart, kPart, upload->id()});
  EXPECT_EQ(again.status().code(), Code::not_found) << again.status().message();
  EXPECT_EQ(head(*store_, key("aborted")).status().code(), Code::not_found);
}

TEST_P(UploadTest, WhatFitsOnePartIsOne) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1000}}) {
    const auto content = random_bytes(size, 12);
    const auto upload = must_begin("small", size);
    ASSERT_TRUE(upload);
    EXPECT_EQ(upload->part_count(), 1u);
    ASSERT_TRUE(put_part(*upload, 0, content).ok());
    const auto finished = finish(*upload, {});
    ASSERT_TRUE(finished.ok()) << finished.status().message();
    EXPECT_TRUE(same(get(*store_, {key("small"), {}, {}})->body, *content));
  }
}

TEST_P(UploadTest, RefusesBodiesThatAreNoPart) {
  const auto upload = must_begin("wrong", kPart + 10);
  ASSERT_TRUE(upload);
  EXPECT_EQ(put_part(*upload, 0, random_bytes(10, 1)).code(), Code::invalid_argument);
  EXPECT_EQ(put_part(*upload, 1, random_bytes(11, 1)).code(), Code::invalid_argument);
  EXPECT_EQ(put_part(*upload, 2, random_bytes(10, 1)).code(), Code::invalid_argument);
  EXPECT_TRUE(abort(*upload).ok());
  EXPECT_EQ(arraymorph::upload(*store_, {"../a", 1, kPart, {}}).status().code(),
            Code::invalid_argument);
}

// Servers that ignore the condition are store/conditions.h's business.
TEST_P(UploadTest, CreatesOnlyWhereAbsent) {
  must_put("taken", "there");
  for (const std::uint64_t size : {std::uint64_t{10}, kPart + 10}) {
    const auto content = random_bytes(size, 13);
    const auto upload = must_begin("taken", size);
    ASSERT_TRUE(upload);
    for (std::size_t i = 0; i < upload->part_count(); ++i) {
      ASSERT_TRUE(put_part(*upload, i, part_of(*content, i)).ok());
    }
    const auto finished = finish(*upload, {Kind::if_absent, {}});
    EXPECT_EQ(finished.status().code(), Code::already_exists) << size;
    EXPECT_TRUE(must_get("taken") == "there") << size;  // megabytes when it is not
    EXPECT_TRUE(abort(*upload).ok());
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, UploadTest, testing::Values("memory", "local", "s3"),
                         [](const auto& instance) { return std::string(instance.param); });

INSTANTIATE_TEST_SUITE_P(Stores, StoreTest, testing::Values("memory", "local", "s3"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace arraymorph
