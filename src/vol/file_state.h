// FileState: one open file of a store: its HDF5 bytes, its catalog, its chunk arrays.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "arraymorph/object_store.h"
#include "chunk/current_commit.h"
#include "runtime/config.h"
#include "runtime/lifecycle.h"
#include "store/locate.h"
#include "vfd/blocks.h"
#include "vfd/driver.h"
#include "vfd/image.h"
#include "vol/catalog.h"
#include "vol/metadata_object.h"
#include "vol/prefix.h"

namespace arraymorph::vol {

struct Dataset;

/// A metadata object as read from the store.
struct Loaded {
  Metadata metadata;
  std::string etag;
};

/// Everything known before HDF5 opens the file; travels to the file driver in the access list.
struct FileOpening final : vfd::Opening {
  /// What HDF5 is told: as the user wrote it; for a pointer its URL, with the pointer behind it.
  std::string name;
  std::string pointer;  ///< the pointer file that the user named, if it was one
  store::Location location;
  Config config;
  std::shared_ptr<ObjectStore> store;
  bool create = false;                    ///< H5Fcreate
  int close_degree = 0;                   ///< H5F_close_degree_t of the access list
  std::optional<Loaded> loaded;           ///< the committed file; on create the one being replaced
  std::optional<vfd::PlainObject> plain;  ///< instead: an HDF5 file that is one object
  bool orphans = false;  ///< on create: objects lie under the name without a metadata object
};

class FileState final : public vfd::Backing,
                        public chunk::CurrentCommit,
                        public std::enable_shared_from_this<FileState> {
 public:
  /// Takes `opening->loaded` or `opening->plain` over.
  explicit FileState(std::shared_ptr<FileOpening> opening);
  ~FileState() override;

  // vfd::Backing
  std::shared_ptr<vfd::Opening> opening() override { return opening_; }
  const FileOpening& how_opened() const { return *opening_; }
  std::uint64_t length() override { return blocks_ ? blocks_->length() : image_.length(); }
  Status read(std::uint64_t offset, ByteSpan into) override;
  Status write(std::uint64_t offset, ConstByteSpan from) override;
  Status resize(std::uint64_t length) override;
  const std::string& canonical_name() const override { return identity_; }
  void opened(unsigned flags) override;
  void closed(bool last) override;

  // chunk::CurrentCommit (vol/current_commit.cc)
  Status look() override;
  const chunk::Records* records_of(const std::string& prefix) const override;

  const Config& config() const { return opening_->config; }
  const std::shared_ptr<ObjectStore>& store() const { return opening_->store; }
  const std::string& url() const override { return url_; }
  /// The one object that is the file, open for reading only; null where it has chunk objects.
  const std::shared_ptr<vfd::Blocks>& plain() const { return blocks_; }
  /// "<key>/", in front of every object key of this file.
  const std::string& key_prefix() const { return key_prefix_; }
  const Catalog& catalog() const { return catalog_; }
  /// The catalog to change: the next commit stores it, when it turns out to differ.
  Catalog& change_catalog() {
    ++catalog_changes_;
    return catalog_;
  }
  bool writable() const { return writable_; }
  /// Opened for single-writer/multiple-reader reading: refreshing an object may move to the state
  /// that the writer committed last. Other readers keep the state they opened.
  bool follows_writer() const { return follows_writer_; }
  int close_degree() const { return opening_->close_degree; }
  /// The program has opened the file by the name `given`; HDF5 was told `told`.
  void named(const std::string& told, const std::string& given) { names_[told] = given; }
  /// What the open that HDF5 knows by `told` is called: as the program named it; else, where a link
  /// has led to the file, its URL.
  const std::string& name_of(const std::string& told) const {
    const auto name = names_.find(told);
    return name == names_.end() ? url_ : name->second;
  }

  /// HDF5 has created the file completely: from now on it may be committed.
  void establish() { established_ = true; }
  /// The file has been deleted while open, or the process ends: never commit it again.
  void abandon() { abandoned_ = true; }
  /// Somebody else has committed, the caller has been told so, and has not asked to overwrite.
  bool lost() const;
  /// Of a state in conflict that nobody reads any more: remove the objects that this session has
  /// put and that no commit refers to. What cannot be removed is left for `arraymorph gc`.
  void remove_lost();
  /// Logs why the file could not be stored, where the calling library does not show it: each kind
  /// of failure once.
  void tell(const Status& failure);
  /// Something was told, and nothing has been stored since.
  bool told() const { return !told_.empty(); }
  bool abandoned() const { return abandoned_; }
  /// How many ids of the file itself there are. Without one, its objects keep it open.
  void add_id() { ++ids_; }
  void drop_id() { --ids_; }
  bool has_ids() const { return ids_ > 0; }
  /// Opened by a parent process: what is unsaved in it belongs to the parent.
  bool inherited() const { return generation_ != fork_generation(); }

  /// Live chunk arrays by object address; in a plain file those that are read in place.
  std::map<Address, std::shared_ptr<Dataset>>& datasets() { return datasets_; }
  /// Tells what is written here from what other sessions write.
  const std::string& session() const { return session_; }
  /// A storage prefix for a new dataset at `path`, given to nobody else.
  std::string new_prefix(const std::string& path) { return prefixes_.claim(path); }
  /// The dataset at `address` is gone: its objects are removed after the next commit.
  void forget(Address address);
  /// Say once that datasets without a link could not be told from others, because of `cause`.
  void tell_of_unswept(const Status& cause);

  /// Store every dirty chunk of every dataset. First failure, after all were tried.
  Status flush_chunks();
  /// Chunks, then the metadata object when anything changed, then removal of what it forgot. The
  /// image must hold everything HDF5 has to write (flush the native connector first).
  Status commit();
  /// Read the committed state again when somebody else has committed since.
  Status reload();

 private:
  Status before_commit();
  Status confirm_written();
  Status store_metadata(bool same_catalog);
  Status put_metadata(std::uint32_t checksum);
  Result<PutReply> put_conditionally(const PutRequest& request);
  bool earlier_put_arrived();
  Status report_conflict(const Status& cause);
  std::vector<std::string> lost_objects() const;
  void remove_garbage();
  // vol/trash.cc
  void forget_emptied();
  void settle_inherited_trash();
  void empty_trash(const std::set<std::string>& prefixes);
  void remove_trash();
  void note_emptied();
  /// The committed state becomes ours.
  void take(Loaded loaded);
  void collect_records();
  /// The file, opened by its name, is no longer this state.
  void unlist();

  std::uint64_t generation_ = fork_generation();
  std::shared_ptr<FileOpening> opening_;
  std::string url_;
  std::string identity_;  ///< the same for HDF5's opens of this state, no other's
  std::string session_;
  std::string key_prefix_;
  std::map<std::string, std::string> names_;
  std::shared_ptr<vfd::Blocks> blocks_;
  vfd::Image image_;
  Catalog catalog_;
  std::uint64_t catalog_changes_ = 0;
  PrefixSet prefixes_;
  std::map<Address, std::shared_ptr<Dataset>> datasets_;

  bool writable_ = false;
  bool follows_writer_ = false;
  bool established_ = false;  ///< the image is a whole HDF5 file
  bool abandoned_ = false;
  bool unswept_told_ = false;
  bool garbage_told_ = false;
  int ids_ = 0;

  // What the store holds.
  bool exists_ = false;
  std::string etag_;
  bool conflict_reported_ = false;
  std::set<Code> told_;               ///< by tell(), since the last commit
  bool inherits_trash_ = false;       ///< of earlier sessions, not looked at yet
  bool trash_was_emptied_ = false;    ///< since the note of it was written
  std::set<std::uint64_t> attempts_;  ///< ids of commits of which nobody knows whether they arrived
  std::uint64_t committed_changes_ = 0;
  std::uint64_t committed_length_ = 0;
  std::uint32_t committed_checksum_ = 0;
  Catalog committed_catalog_;
  std::uint64_t committed_catalog_changes_ = 0;
  std::string catalog_text_;  ///< committed_catalog_ as it is stored, once it has been needed
  /// A commit of somebody else that was seen since.
  struct Later {
    std::string etag;
    Catalog catalog;
  };
  std::optional<Later> later_;
};

/// The error of a write to a file that is open for reading: an OSError without errno, as native.
Status read_only(const FileState& file);

/// The error of opening a plain HDF5 file for writing. `url` names it.
Status plain_is_read_only(const std::string& url);

/// The error of a change to a file whose state this process only inherited across a fork.
Status opened_by_parent(const FileState& file);

}  // namespace arraymorph::vol
