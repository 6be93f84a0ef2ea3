// Array: the chunk objects of one dataset, behind a write-back cache of decoded chunks.
//
// Threads: the methods of Array and the functions below are called by one thread at a time (the
// holder of HDF5's lock); requests complete and chunks decode on other threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arraymorph/codec.h"
#include "arraymorph/object_store.h"
#include "chunk/grid.h"
#include "chunk/plan.h"
#include "chunk/records.h"

namespace arraymorph::chunk {

class CurrentCommit;  // chunk/current_commit.h
class Places;         // chunk/places.h
class Engine;         // chunk/engine.h: codec threads, cache budget, bytes in flight

struct ArraySpec {
  std::string name;    ///< HDF5 path, for messages
  std::string prefix;  ///< key prefix of the chunk objects in the store, no trailing '/'
  /// Instead: the chunks lie in one object, which is only read. Then there is nothing below that
  /// concerns writing, and stored(), read_raw() and write_raw() are not to be called.
  std::shared_ptr<const Places> places;
  Grid grid;
  Buffer fill;  ///< one element in the file type; empty: zeros
  std::shared_ptr<const ChunkCodec> codec;
  /// Nothing can exist under `prefix` yet: chunks not written through this Array are the fill
  /// value without asking the store.
  bool fresh = false;
  Records records;
  /// Chunks of committed data that change go to new keys, so that the objects of earlier commits
  /// stay as they are; else they are replaced in place.
  bool new_objects = false;
  /// Begins the tags of the versions made here; not used before for this prefix.
  std::string session;
  bool checksums = false;        ///< give the store one with every chunk
  std::size_t connections = 64;  ///< that the store has
  /// Of the file, for chunks whose object is not there; it outlives every call. Null: nobody else
  /// changes the file, what is missing is the fill value.
  CurrentCommit* commit = nullptr;
};

struct StoredChunk {
  Index index;
  std::uint64_t size = 0;  ///< bytes as stored
  std::uint32_t filter_mask = 0;
};

struct RawChunk {
  Buffer bytes;
  std::uint32_t filter_mask = 0;
};

class Array {
 public:
  Array(std::shared_ptr<ObjectStore> store, std::shared_ptr<Engine> engine, ArraySpec spec);
  ~Array();  ///< waits for requests in flight; unflushed chunks are lost (flush first)
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  const Grid& grid() const;
  const std::string& name() const;
  const std::string& prefix() const;

  /// True when a flush would have something to store.
  bool dirty() const;

  /// Encode and PUT every dirty chunk, wait for all. On failure every chunk that was not stored
  /// stays dirty, so that a later flush retries.
  Status flush();

  /// flush() of several arrays, their requests in flight together. The first failure, after all
  /// have been tried.
  static Status flush(std::span<Array* const> arrays);

  /// Forget clean cached chunks (H5Drefresh); dirty ones are flushed first.
  Status refresh();

  /// Drop everything cached, dirty or not, and wait for requests in flight (dataset deleted).
  void abandon();

  // A commit of the file that describes the array, in this order (chunk/commit.cc):

  /// After a flush: no object may come into sight with the commit that was not written for it, such
  /// as one that a crashed session left outside the extent.
  Status before_commit();
  /// What the commit has to record; `record_changes` is another number after each change.
  Records records() const;
  std::uint64_t record_changes() const;
  /// The array has been committed as it is: other processes may write chunks from now on.
  void committed();
  /// Instead of committed(), after a flush of chunks alone: conflict where the file or the dataset
  /// has been replaced meanwhile, so that nobody will ever read them. One look at the commit.
  static Status confirm_written(std::span<Array* const> arrays);
  /// Remove the objects that no commit refers to any more. Where that fails they are tried again.
  Status remove_given_up();

  /// Keys of the objects that were put here since the last commit and that no other session can
  /// refer to: versions of our own; with `all` whatever was put, where the prefix is nobody else's.
  std::vector<std::string> uncommitted(bool all) const;

  /// Somebody else has committed: this is the extent and these are the records now. Nothing is
  /// dirty.
  void follow(const Extent& dims, Records records);

  /// Change the extent as H5Dset_extent does: chunks that fall outside entirely are given up,
  /// and in chunks cut by the new edge the part outside becomes the fill value.
  Status resize(const Extent& dims);

  /// Stored bytes of one chunk, filters applied (H5Dread_chunk); flushes it first when dirty.
  /// not_found when the chunk was never written; conflict when its object has gone with the file
  /// that was opened.
  Result<RawChunk> read_raw(const Index& index);

  /// What is stored of a chunk in which every element is the fill value.
  Result<EncodedChunk> encoded_fill() const;

  /// Store bytes as they are (H5Dwrite_chunk), in order with other writes of the chunk. Without
  /// filters these are a whole chunk's, or refused.
  Status write_raw(const Index& index, Buffer bytes, std::uint32_t filter_mask);

  /// Every chunk object inside the extent, ascending by index; flushes first. One LIST, and the
  /// first time that chunks are missing a look at the commit (chunk/missing.h).
  Result<std::vector<StoredChunk>> stored();

 private:
  friend class ArrayAccess;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One chunk of one array that a call reads or writes.
struct ChunkAccess {
  Array* array = nullptr;
  const ChunkPlan* plan = nullptr;
  /// When reading: the caller's buffer, if its elements are those of the file. A part of it may
  /// then be received in place, without `consume`.
  std::byte* memory = nullptr;
};

/// The bounding box of what a call reads of one array.
struct Box {
  Extent low;                ///< first element in each dimension
  Extent high;               ///< one past the last
  std::uint64_t points = 0;  ///< elements selected inside
};

/// Called with the decoded chunk (grid.chunk_bytes() bytes; fill value when absent), of which at
/// least the elements of the access's plan are there. Once per access that was not received in
/// place.
using ConsumeChunk = std::function<Status(std::size_t access, ConstByteSpan chunk)>;

/// Read all accesses, their requests in flight together (bounded by the engine). `consume` runs
/// as each chunk arrives: on any thread, several at a time, when `anywhere`; else only on the
/// calling thread. Returns the first failure, after everything has come to rest.
///
/// Chunks come from the cache, else whole or, without filters, as byte ranges where that is
/// cheaper (chunk/ranges.h). A chunk fetched whole is kept in the cache, except that
/// - chunks which a call takes as a whole stay out of it when the call reads more than half of the
///   cache budget: they would push out everything else and most of themselves;
/// - an unfiltered chunk that lies in one piece in the caller's buffer is received there. From the
///   second time on it is kept like the others.
/// `box`: set when all accesses are of one array; successive calls whose boxes move on evenly are
/// read ahead (chunk/read_ahead.h).
Status read_chunks(Engine& engine, std::span<const ChunkAccess> accesses, bool anywhere,
                   const ConsumeChunk& consume, const Box* box = nullptr);

/// Called once per access with the decoded chunk to change in place.
using ModifyChunk = std::function<Status(std::size_t access, ByteSpan chunk)>;

/// Write all accesses. A chunk whose plan covers it starts from the fill value and is sent
/// at once in the background; any other starts from what is stored, stays cached and is sent at
/// eviction or flush. `needs_old`: the modification keeps parts of the old elements (compound
/// field subsets), so also covered chunks are loaded first. `modify` runs on the calling thread,
/// for covered chunks on any, several at a time, when `anywhere`. It has run for all when this
/// returns; sending goes on.
Status write_chunks(Engine& engine, std::span<const ChunkAccess> accesses, bool needs_old,
                    bool anywhere, const ModifyChunk& modify);

}  // namespace arraymorph::chunk
