// What becomes visible with a commit of the array, and what a crash before it leaves.
#include "unit/chunk/array_fixture.h"

namespace arraymorph::chunk {
namespace {

using test::Verb;

class ArrayCommit : public ArrayTest {
 protected:
  Values contents(Array& array) {
    Values values(array.grid().dims[0]);
    EXPECT_OK(read(*engine_, array, 0, values));
    return values;
  }
  /// Another session on what was committed last.
  std::unique_ptr<Array> session(const Array& committed, const Extent& dims, bool new_objects,
                                 const std::string& name) {
    ArraySpec spec = make_spec(dims, {4}, false);
    spec.records = committed.records();
    spec.new_objects = new_objects;
    spec.session = name;
    return open(std::move(spec));
  }
  std::size_t objects() { return list_all(*store_, "run.h5/x/")->size(); }
};

TEST_F(ArrayCommit, ObjectsStayUntilTheCommitThatGivesThemUp) {
  const auto array = open(make_spec({12}, {4}));
  ASSERT_OK(write(*engine_, *array, 0, counting(12)));
  ASSERT_OK(commit(*array));
  ASSERT_OK(array->resize({4}));
  ASSERT_OK(array->flush());
  ASSERT_OK(array->before_commit());
  EXPECT_EQ(objects(), 3u);  // a crash here leaves all of what was committed
  array->committed();
  ASSERT_OK(array->remove_given_up());
  EXPECT_EQ(objects(), 1u);
}

TEST_F(ArrayCommit, ReplacedObjectsThatCannotBeRemovedAreRemovedTheNextTime) {
  const auto array = open(make_spec({12}, {4}));
  ASSERT_OK(write(*engine_, *array, 0, counting(12)));
  ASSERT_OK(commit(*array));
  const auto next = session(*array, {12}, false, "a");
  ASSERT_OK(next->resize({10}));  // cuts chunk 2, which goes to a version
  ASSERT_OK(next->flush());
  EXPECT_EQ(objects(), 4u);
  store_->set_fails(
      [](Verb verb, std::size_t, const std::string&) { return verb == Verb::remove; });
  EXPECT_EQ(commit(*next).code(), Code::unavailable);
  EXPECT_EQ(objects(), 4u);
  store_->set_fails(nullptr);
  ASSERT_OK(commit(*next));
  EXPECT_EQ(objects(), 3u);
  EXPECT_EQ(contents(*next), counting(10));
}

TEST_F(ArrayCommit, CommitsThatGiveUpObjectsAreNamed) {
  const auto array = open(make_spec({12}, {4}));
  ASSERT_OK(write(*engine_, *array, 0, counting(12)));
  ASSERT_OK(commit(*array));
  EXPECT_EQ(array->records().removed, "");
  const auto next = session(*array, {12}, false, "a");
  ASSERT_OK(write(*engine_, *next, 0, counting(12)));
  ASSERT_OK(commit(*next));
  EXPECT_EQ(next->records().removed, "");  // replaced in place
  ASSERT_OK(next->resize({4}));
  ASSERT_OK(commit(*next));
  const std::string first = next->records().removed;
  EXPECT_NE(first, "");
  ASSERT_OK(next->resize({12}));
  ASSERT_OK(commit(*next));
  EXPECT_EQ(next->records().removed, first);
  ASSERT_OK(write(*engine_, *next, 4, counting(8)));
  ASSERT_OK(next->resize({4}));
  ASSERT_OK(commit(*next));
  EXPECT_NE(next->records().removed, first);
}

TEST_F(ArrayCommit, WhatAShrinkLeavesOfAChunkDoesNotReplaceIt) {
  const auto array = open(make_spec({12}, {4}));
  ASSERT_OK(write(*engine_, *array, 0, counting(12)));
  ASSERT_OK(commit(*array));
  const Values before = contents(*array);
  const auto next = session(*array, {12}, false, "a");
  ASSERT_OK(next->resize({6}));  // cuts chunk 1, gives up chunk 2
  ASSERT_OK(next->resize({12}));
  ASSERT_OK(write(*engine_, *next, 9, {1}));
  ASSERT_OK(next->flush());
  EXPECT_EQ(contents(*session(*array, {12}, false, "b")), before);  // had this been a crash
  ASSERT_OK(commit(*next));
  Values after(before.begin(), before.begin() + 6);
  after.resize(12, 7);
  after[9] = 1;
  EXPECT_EQ(contents(*session(*next, {12}, false, "c")), after);
  EXPECT_EQ(objects(), 3u);
}

TEST_F(ArrayCommit, LeftoversOfACrashNeverComeIntoSight) {
  for (const bool new_objects : {false, true}) {
    const auto array = open(make_spec({4}, {4}));
    ASSERT_OK(write(*engine_, *array, 0, counting(4)));
    ASSERT_OK(commit(*array));
    {
      const auto crashed = session(*array, {4}, new_objects, "a");
      ASSERT_OK(crashed->resize({400}));
      ASSERT_OK(write(*engine_, *crashed, 4, counting(396, 1000)));
      ASSERT_OK(crashed->flush());
    }
    const auto next = session(*array, {4}, new_objects, "b");
    ASSERT_OK(next->resize({400}));
    Values expected(400, 7);
    for (std::size_t i = 0; i < 4; ++i) expected[i] = 100 + i;
    EXPECT_EQ(contents(*next), expected);
    ASSERT_OK(write(*engine_, *next, 9, {1}));  // in part: the rest is the fill value
    expected[9] = 1;
    EXPECT_EQ(contents(*next), expected);
    ASSERT_OK(commit(*next));
    EXPECT_EQ(contents(*next), expected);
    EXPECT_EQ(next->stored()->size(), 2u);
    EXPECT_EQ(contents(*session(*next, {400}, new_objects, "c")), expected);
    ASSERT_OK(next->resize({4}));
    ASSERT_OK(commit(*next));
    const auto left = list_all(*store_, "run.h5/x/");
    ASSERT_OK(left.status());
    for (const ObjectInfo& object : *left) ASSERT_OK(remove(*store_, {object.key}));
  }
}

TEST_F(ArrayCommit, NothingComesIntoSightBehindAnEdge) {
  const auto array = open(make_spec({6}, {4}));
  ASSERT_OK(write(*engine_, *array, 0, counting(6)));
  ASSERT_OK(commit(*array));
  {
    const auto crashed = session(*array, {6}, false, "a");
    ASSERT_OK(crashed->resize({8}));
    ASSERT_OK(write(*engine_, *crashed, 6, counting(2, 1000)));
    ASSERT_OK(crashed->flush());
  }
  const auto next = session(*array, {6}, false, "b");
  ASSERT_OK(next->resize({8}));
  const Values expected{100, 101, 102, 103, 104, 105, 7, 7};
  EXPECT_EQ(contents(*next), expected);
  ASSERT_OK(commit(*next));
  EXPECT_EQ(contents(*session(*next, {8}, false, "c")), expected);
}

TEST_F(ArrayCommit, AFilterMaskNeverMeetsBytesItDoesNotFit) {
  const auto array = open(make_spec({4}, {4}));
  ASSERT_OK(write(*engine_, *array, 0, counting(4)));
  ASSERT_OK(commit(*array));
  const auto next = session(*array, {4}, false, "b");
  ASSERT_OK(next->write_raw({0}, Buffer(32), 3));  // as it is, both filters skipped
  ASSERT_OK(next->flush());
  EXPECT_EQ(contents(*session(*array, {4}, false, "crashed")), counting(4));
  ASSERT_OK(commit(*next));
  EXPECT_EQ(objects(), 1u);
  EXPECT_OK(session(*next, {4}, false, "c")->stored().status());
  Values values(4);
  EXPECT_OK(read(*engine_, *session(*next, {4}, false, "d"), 0, values));
}

TEST_F(ArrayCommit, RowsAppendedAskForNothingMore) {
  const auto array = open(make_spec({4}, {4}));
  ASSERT_OK(write(*engine_, *array, 0, counting(4)));
  ASSERT_OK(commit(*array));
  const auto next = session(*array, {4}, false, "b");
  store_->reset_counts();
  for (std::uint64_t row = 1; row < 10; ++row) {
    ASSERT_OK(next->resize({4 * (row + 1)}));
    ASSERT_OK(write(*engine_, *next, 4 * row, counting(4)));
    ASSERT_OK(commit(*next));
  }
  EXPECT_EQ(count(Verb::put), 9u);
  EXPECT_EQ(count(Verb::list) + count(Verb::get) + count(Verb::remove) + count(Verb::head), 0u);
}

TEST_F(ArrayCommit, NewObjectsLeaveTheOldOnesToTheirReaders) {
  const auto array = open(make_spec({8}, {4}));
  ASSERT_OK(write(*engine_, *array, 0, counting(8)));
  ASSERT_OK(commit(*array));
  const auto before = session(*array, {8}, false, "reader");
  const auto writer = session(*array, {8}, true, "w");
  ASSERT_OK(write(*engine_, *writer, 1, {1}));
  ASSERT_OK(commit(*writer));
  ASSERT_OK(write(*engine_, *writer, 2, {2}));
  ASSERT_OK(writer->flush());
  const auto between = session(*writer, {8}, false, "reader");
  EXPECT_EQ(writer->records().versions, (std::map<Index, std::string>{{{0}, "w-1"}}));
  EXPECT_EQ(contents(*before), counting(8));
  EXPECT_EQ(contents(*between), (Values{100, 1, 2, 103, 104, 105, 106, 107}));
  EXPECT_EQ(objects(), 4u);
  EXPECT_EQ(writer->stored()->size(), 2u);

  // In place, a version is replaced where it lies: no record changes.
  const auto in_place = session(*writer, {8}, false, "p");
  const std::uint64_t changes = in_place->record_changes();
  ASSERT_OK(write(*engine_, *in_place, 0, {9}));
  ASSERT_OK(commit(*in_place));
  EXPECT_EQ(in_place->record_changes(), changes);
  EXPECT_EQ(objects(), 4u);
}

TEST_F(ArrayCommit, AVersionThatIsGoneIsAnErrorNotTheFillValue) {
  const auto array = open(make_spec({4}, {4}));
  ASSERT_OK(write(*engine_, *array, 0, counting(4)));
  ASSERT_OK(commit(*array));
  const auto writer = session(*array, {4}, true, "w");
  ASSERT_OK(write(*engine_, *writer, 0, counting(4, 200)));
  ASSERT_OK(commit(*writer));
  ASSERT_OK(remove(*store_, {"run.h5/x/c~w-0/0"}));
  for (const bool filtered : {true, false}) {
    ArraySpec spec = make_spec({4}, {4}, false);
    if (!filtered) spec.codec = make_builtin_codec({}, 8);
    spec.records = writer->records();
    const auto reader = open(std::move(spec));
    Values values(4);
    for (const Status& status :
         {read(*engine_, *reader, 0, values), write(*engine_, *reader, 1, {1}),
          reader->read_raw({0}).status()}) {
      EXPECT_EQ(status.code(), Code::corrupt);
      EXPECT_NE(status.message().find("c~w-0/0"), std::string::npos) << status.message();
    }
  }
}

}  // namespace
}  // namespace arraymorph::chunk
