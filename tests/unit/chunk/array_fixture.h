// What the array tests share: an Array on a real store, and calls in terms of whole chunks.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "chunk/array.h"
#include "chunk/engine.h"
#include "store/memory/memory_store.h"
#include "support/fault_store.h"

namespace arraymorph::chunk {

/// One 8-byte element per value.
using Values = std::vector<std::uint64_t>;

inline Buffer element(std::uint64_t value) {
  Buffer buffer(sizeof(value));
  std::memcpy(buffer.data(), &value, sizeof(value));
  return buffer;
}

inline FilterSpec deflate() { return {1, true, {1}, "deflate"}; }
inline FilterSpec shuffle() { return {2, true, {8}, "shuffle"}; }
inline FilterSpec fletcher32() { return {3, false, {}, "fletcher32"}; }

/// Runs only on the thread that made it, as filters of libhdf5 do.
class CallerCodec final : public ChunkCodec {
 public:
  explicit CallerCodec(std::shared_ptr<const ChunkCodec> inner) : inner_(std::move(inner)) {}
  bool runs_anywhere() const noexcept override { return false; }
  Result<EncodedChunk> encode(ConstByteSpan decoded) const override {
    if (std::this_thread::get_id() != owner_) return wrong_thread();
    return inner_->encode(decoded);
  }
  Status decode_into(ConstByteSpan stored, std::uint32_t mask, ByteSpan into) const override {
    if (std::this_thread::get_id() != owner_) return wrong_thread();
    return inner_->decode_into(stored, mask, into);
  }

 private:
  static Status wrong_thread() { return {Code::internal, "codec called on another thread"}; }
  const std::shared_ptr<const ChunkCodec> inner_;
  const std::thread::id owner_ = std::this_thread::get_id();
};

inline ArraySpec make_spec(const Extent& dims, const Extent& chunk, bool fresh = true) {
  ArraySpec spec;
  spec.name = "/x";
  spec.prefix = "run.h5/x";
  spec.grid = {dims, chunk, 8};
  spec.fill = element(7);
  spec.codec = make_builtin_codec({shuffle(), deflate()}, 8);
  spec.fresh = fresh;
  return spec;
}

/// Write `values` to consecutive elements in row-major order, starting at `offset`.
inline Status write(Engine& engine, Array& array, std::uint64_t offset, const Values& values,
                    bool needs_old = false, bool anywhere = true) {
  const Sequence file{offset, values.size()};
  const Sequence memory{0, values.size()};
  ARRAYMORPH_ASSIGN(const auto plans, plan(array.grid(), {&file, 1}, {&memory, 1}, true));
  std::vector<ChunkAccess> accesses;
  for (const ChunkPlan& p : plans) accesses.push_back({&array, &p});
  return write_chunks(engine, accesses, needs_old, anywhere,
                      [&](std::size_t access, ByteSpan chunk) {
                        for_each_run(plans[access], [&](const Run& run) {
                          std::memcpy(chunk.data() + 8 * run.chunk_offset,
                                      values.data() + run.memory_offset, 8 * run.length);
                        });
                        return Status();
                      });
}

/// Read consecutive elements in row-major order, starting at `offset`.
inline Status read(Engine& engine, Array& array, std::uint64_t offset, Values& values,
                   bool anywhere = true) {
  const Sequence file{offset, values.size()};
  const Sequence memory{0, values.size()};
  ARRAYMORPH_ASSIGN(const auto plans, plan(array.grid(), {&file, 1}, {&memory, 1}, true));
  std::vector<ChunkAccess> accesses;
  for (const ChunkPlan& p : plans) {
    accesses.push_back({&array, &p, reinterpret_cast<std::byte*>(values.data())});
  }
  const Box box{{offset}, {offset + values.size()}, values.size()};
  const bool is_box = array.grid().dims.size() == 1 && !values.empty();
  return read_chunks(
      engine, accesses, anywhere,
      [&](std::size_t access, ConstByteSpan chunk) {
        if (chunk.size() != array.grid().chunk_bytes()) return Status(Code::internal, "chunk size");
        for_each_run(plans[access], [&](const Run& run) {
          std::memcpy(values.data() + run.memory_offset, chunk.data() + 8 * run.chunk_offset,
                      8 * run.length);
        });
        return Status();
      },
      is_box ? &box : nullptr);
}

/// What a commit of the file does with the array.
inline Status commit(Array& array) {
  ARRAYMORPH_TRY(array.flush());
  ARRAYMORPH_TRY(array.before_commit());
  array.committed();
  return array.remove_given_up();
}

inline Values counting(std::size_t count, std::uint64_t first = 100) {
  Values values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = first + i;
  return values;
}

#define EXPECT_OK(expr)                                 \
  do {                                                  \
    const ::arraymorph::Status expect_ok = (expr);      \
    EXPECT_TRUE(expect_ok.ok()) << expect_ok.message(); \
  } while (false)
#define ASSERT_OK(expr)                                 \
  do {                                                  \
    const ::arraymorph::Status assert_ok = (expr);      \
    ASSERT_TRUE(assert_ok.ok()) << assert_ok.message(); \
  } while (false)

class ArrayTest : public testing::Test {
 protected:
  std::unique_ptr<Array> open(ArraySpec spec) {
    return std::make_unique<Array>(store_, engine_, std::move(spec));
  }
  /// The array as another process would see it.
  std::unique_ptr<Array> reopen(const Array& array, ArraySpec spec) {
    spec.grid = array.grid();
    spec.fresh = false;
    spec.records = array.records();
    return open(std::move(spec));
  }
  void use(const EngineLimits& limits, unsigned threads = 2) {
    engine_ = std::make_shared<Engine>(limits, threads);
  }
  std::size_t count(test::Verb verb) const { return store_->count(verb); }

  std::shared_ptr<test::FaultStore> store_ =
      std::make_shared<test::FaultStore>(store::make_memory_store("array"));
  std::shared_ptr<Engine> engine_ = std::make_shared<Engine>(EngineLimits(), 2);
};

}  // namespace arraymorph::chunk
