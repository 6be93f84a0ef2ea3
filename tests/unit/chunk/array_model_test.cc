// Random operations on an Array against a plain array in memory.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <optional>
#include <random>

#include "store/local/local_store.h"
#include "unit/chunk/array_fixture.h"

namespace arraymorph::chunk {
namespace {

constexpr std::uint64_t kFill = 7;

struct Conditions {
  std::string name;
  bool local = false;
  EngineLimits limits;
  bool caller_codec = false;
  bool faults = false;
  bool new_objects = false;
};

void PrintTo(const Conditions& conditions, std::ostream* out) { *out << conditions.name; }

class Model : public testing::TestWithParam<std::tuple<Conditions, unsigned>> {
 protected:
  const Conditions& conditions() const { return std::get<0>(GetParam()); }

  void SetUp() override {
    rng_.seed(std::get<1>(GetParam()));
    std::shared_ptr<ObjectStore> inner = store::make_memory_store("model");
    if (conditions().local) {
      const std::string name = conditions().name + std::to_string(std::get<1>(GetParam()));
      root_ = std::filesystem::path(testing::TempDir()) / ("arraymorph-model-" + name);
      std::filesystem::remove_all(root_);
      inner = store::make_local_store(root_.string());
    }
    store_ = std::make_shared<test::FaultStore>(std::move(inner));
    store_->set_fails([this](test::Verb, std::size_t nth, const std::string& key) {
      return faulty_ && std::hash<std::string>()(key + std::to_string(nth)) % 5 == 0;
    });
    engine_ = std::make_shared<Engine>(conditions().limits, 2);
    const std::size_t rank = 1 + pick(3);
    spec_ = make_spec(Extent(rank), Extent(rank), pick(2) == 0);
    for (std::size_t d = 0; d < rank; ++d) {
      spec_.grid.dims[d] = pick(13);
      spec_.grid.chunk[d] = 1 + pick(5);
    }
    const std::vector<std::vector<FilterSpec>> pipelines{
        {}, {deflate()}, {shuffle(), deflate(), fletcher32()}};
    spec_.codec = make_builtin_codec(pipelines[pick(3)], 8);
    if (conditions().caller_codec) spec_.codec = std::make_shared<CallerCodec>(spec_.codec);
    array_ = open();
    model_.assign(elements(), kFill);
  }

  void TearDown() override {
    array_.reset();
    EXPECT_EQ(engine_->cached_bytes(), 0u);
    engine_.reset();
    store_.reset();
    if (!root_.empty()) std::filesystem::remove_all(root_);
  }

  std::unique_ptr<Array> open() {
    ArraySpec spec = make_spec(spec_.grid.dims, spec_.grid.chunk, spec_.fresh);
    spec.codec = spec_.codec;
    spec.records = spec_.records;
    spec.new_objects = conditions().new_objects;
    spec.session = "s" + std::to_string(++sessions_);
    return std::make_unique<Array>(store_, engine_, std::move(spec));
  }

  std::uint64_t pick(std::uint64_t below) { return rng_() % below; }
  const Extent& dims() const { return array_->grid().dims; }
  std::uint64_t elements() const {
    std::uint64_t count = 1;
    for (const std::uint64_t extent : dims()) count *= extent;
    return count;
  }

  /// `operation`, again without faults where they made it fail.
  template <class Operation>
  void perform(const char* what, Operation operation) {
    faulty_ = conditions().faults;
    Status status = operation();
    faulty_ = false;
    if (!status.ok() && conditions().faults) {
      EXPECT_EQ(status.code(), Code::unavailable) << status.message();
      EXPECT_NE(status.message().find("run.h5/x"), std::string::npos) << status.message();
      status = operation();
    }
    ASSERT_TRUE(status.ok()) << what << ": " << status.message();
  }

  std::vector<Sequence> random_selection() {
    std::vector<Sequence> selection;
    const std::uint64_t stride = pick(3) == 0 ? 1 + pick(7) : 0;
    std::uint64_t at = pick(elements());
    const std::uint64_t end = pick(4) == 0 ? elements() : at + 1 + pick(elements() - at);
    if (pick(4) == 0) at = 0;
    if (stride == 0) return {{at, end - at}};
    for (; at < end; at += stride) selection.push_back({at, 1});
    return selection;
  }

  void random_write() {
    if (elements() == 0) return;
    wrote_ = true;
    const std::vector<Sequence> file = random_selection();
    std::uint64_t total = 0;
    for (const Sequence& s : file) total += s.length;
    const Values values = counting(total, ++version_ << 32);
    const Sequence memory{0, total};
    const auto plans = plan(array_->grid(), file, {&memory, 1}, true);
    ASSERT_TRUE(plans.ok());
    std::vector<ChunkAccess> accesses;
    for (const ChunkPlan& p : *plans) accesses.push_back({array_.get(), &p});
    const bool needs_old = pick(4) == 0;
    const bool anywhere = pick(2) == 0;
    perform("write", [&] {
      return write_chunks(*engine_, accesses, needs_old, anywhere,
                          [&](std::size_t access, ByteSpan chunk) {
                            for_each_run((*plans)[access], [&](const auto& run) {
                              std::memcpy(chunk.data() + 8 * run.chunk_offset,
                                          values.data() + run.memory_offset, 8 * run.length);
                            });
                            return Status();
                          });
    });
    std::uint64_t next = 0;
    for (const Sequence& s : file) {
      for (std::uint64_t k = 0; k < s.length; ++k) model_[s.offset + k] = values[next++];
    }
  }

  void random_read() {
    if (elements() == 0) return;
    const std::uint64_t at = pick(2) == 0 ? 0 : pick(elements());
    Values values(pick(2) == 0 ? elements() - at : 1 + pick(elements() - at));
    const bool anywhere = pick(2) == 0;
    perform("read", [&] { return read(*engine_, *array_, at, values, anywhere); });
    const auto begin = model_.begin() + static_cast<std::ptrdiff_t>(at);
    ASSERT_EQ(values, Values(begin, begin + static_cast<std::ptrdiff_t>(values.size())));
  }

  void random_resize() {
    const Extent before = dims();
    Extent after = before;
    for (std::uint64_t& extent : after) {
      if (pick(2) == 0) extent = pick(13);
    }
    perform("resize", [&] { return array_->resize(after); });
    Values resized(elements(), kFill);
    for (std::uint64_t e = 0; e < model_.size(); ++e) {
      std::uint64_t rest = e;
      Index at(before.size());
      for (std::size_t d = before.size(); d-- > 0; rest /= before[d]) at[d] = rest % before[d];
      std::uint64_t to = 0;
      bool inside = true;
      for (std::size_t d = 0; d < after.size(); ++d) {
        inside = inside && at[d] < after[d];
        to = to * after[d] + at[d];
      }
      if (inside) resized[to] = model_[e];
    }
    model_ = std::move(resized);
  }

  /// Store a chunk as it is read, perhaps twice over, perhaps with its filters skipped.
  void random_raw() {
    if (elements() == 0) return;
    Index index;
    for (std::size_t d = 0; d < dims().size(); ++d) {
      index.push_back(pick(dims()[d]) / array_->grid().chunk[d]);
    }
    RawChunk raw;
    bool found = false;
    perform("read_raw", [&] {
      Result<RawChunk> result = array_->read_raw(index);
      if (result.status().code() == Code::not_found) return Status();
      found = result.ok();
      if (found) raw = std::move(result).value();
      return result.status();
    });
    if (!found) return;
    const auto size = static_cast<std::size_t>(array_->grid().chunk_bytes());
    Result<Buffer> plain =
        spec_.codec->decode(Buffer::copy_of(raw.bytes.span()), raw.filter_mask, size);
    ASSERT_TRUE(plain.ok()) << plain.status().message();
    wrote_ = true;
    const bool skip = pick(2) == 0;
    perform("write_raw", [&] {
      return array_->write_raw(index, Buffer::copy_of(skip ? plain->span() : raw.bytes.span()),
                               skip ? 7 : raw.filter_mask);
    });
  }

  void reopen() {
    commit_all();
    array_ = open();
  }

  void commit_all() {
    perform("commit", [&] { return commit(*array_); });
    ASSERT_FALSE(array_->dirty());
    spec_.grid = array_->grid();
    spec_.records = array_->records();
    spec_.fresh = false;
    committed_ = model_;
    wrote_ = false;
    snapshots_.push_back({spec_.grid, spec_.records, model_});
  }

  Values contents(const Grid& grid, const Records& records) {
    ArraySpec spec = make_spec(grid.dims, grid.chunk, false);
    spec.codec = spec_.codec;
    spec.records = records;
    Array reader(store_, engine_, std::move(spec));
    std::uint64_t count = 1;
    for (const std::uint64_t extent : grid.dims) count *= extent;
    Values values(count);
    if (!values.empty()) EXPECT_OK(read(*engine_, reader, 0, values));
    return values;
  }

  /// What this session has not committed is lost, and nothing else.
  void crash() {
    if (!committed_) return;
    array_.reset();
    const Values found = contents(spec_.grid, spec_.records);
    if (conditions().new_objects || !wrote_) {
      ASSERT_EQ(found, *committed_);
    } else {
      // Each chunk is the committed one or was replaced since.
      ASSERT_EQ(found.size(), committed_->size());
    }
    model_ = found;
    wrote_ = false;
    committed_ = found;
    array_ = open();
  }

  /// Readers keep the state that they opened.
  void check_snapshots() {
    if (!conditions().new_objects) return;
    for (const Snapshot& snapshot : snapshots_) {
      ASSERT_EQ(contents(snapshot.grid, snapshot.records), snapshot.values);
    }
  }

  void random_operation() {
    switch (pick(18)) {
      case 0:
        perform("flush", [&] { return array_->flush(); });
        break;
      case 1:
        perform("refresh", [&] { return array_->refresh(); });
        break;
      case 2:
        reopen();
        break;
      case 3:
      case 4:
        random_resize();
        break;
      case 5:
        random_raw();
        break;
      case 6:
        perform("stored", [&] { return array_->stored().status(); });
        break;
      case 7:
        crash();
        break;
      case 8:
        commit_all();
        break;
      default:
        pick(2) == 0 ? random_write() : random_read();
    }
  }

  std::mt19937 rng_;
  std::filesystem::path root_;
  std::atomic<bool> faulty_ = false;
  std::shared_ptr<test::FaultStore> store_;
  std::shared_ptr<Engine> engine_;
  ArraySpec spec_;
  std::unique_ptr<Array> array_;
  Values model_;
  std::uint64_t version_ = 0;
  std::uint64_t sessions_ = 0;
  std::optional<Values> committed_;
  bool wrote_ = false;  ///< elements, since the last commit

  struct Snapshot {
    Grid grid;
    Records records;
    Values values;
  };
  std::vector<Snapshot> snapshots_;
};

TEST_P(Model, AgreesWithPlainArray) {
  for (int i = 0; i < 120 && !HasFatalFailure(); ++i) random_operation();
  if (HasFatalFailure()) return;
  reopen();
  Values values(elements());
  if (!values.empty()) ASSERT_OK(read(*engine_, *array_, 0, values));
  EXPECT_EQ(values, model_);
  check_snapshots();
}

std::vector<Conditions> all_conditions() {
  const EngineLimits roomy;
  const EngineLimits tiny{600, 300, 4};
  const EngineLimits none{0, 1, 1};
  EngineLimits parts = roomy;  // bytes cost so much that chunks are read in part
  parts.whole_bytes = 0;
  parts.link.per_byte = 1e-2;
  EngineLimits tiny_parts = tiny;
  tiny_parts.whole_bytes = 0;
  tiny_parts.link.per_byte = 1e-2;
  return {{"MemoryParts", false, parts, false, false},
          {"LocalTinyPartsFaults", true, tiny_parts, false, true},
          {"MemoryRoomy", false, roomy, false, false},
          {"MemoryTiny", false, tiny, false, false},
          {"MemoryNone", false, none, false, false},
          {"MemoryTinyCallerCodec", false, tiny, true, false},
          {"LocalTiny", true, tiny, false, false},
          {"LocalRoomy", true, roomy, false, false},
          {"MemoryTinyFaults", false, tiny, false, true},
          {"LocalTinyFaults", true, tiny, false, true},
          {"LocalRoomyFaults", true, roomy, false, true},
          {"LocalTinyCallerCodecFaults", true, tiny, true, true},
          {"MemoryRoomyNewObjects", false, roomy, false, false, true},
          {"MemoryTinyNewObjectsFaults", false, tiny, false, true, true},
          {"LocalTinyNewObjects", true, tiny, false, false, true}};
}

INSTANTIATE_TEST_SUITE_P(
    Stores, Model, testing::Combine(testing::ValuesIn(all_conditions()), testing::Range(0u, 12u)),
    [](const auto& info) {
      return std::get<0>(info.param).name + "_" + std::to_string(std::get<1>(info.param));
    });

}  // namespace
}  // namespace arraymorph::chunk
