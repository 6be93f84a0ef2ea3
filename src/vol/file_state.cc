#include "vol/file_state.h"

#include <atomic>
#include <utility>

#include "runtime/log.h"
#include "vol/context.h"
#include "vol/dataset.h"

namespace arraymorph::vol {
namespace {

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> serial{0};
  return serial++;
}

}  // namespace

FileState::FileState(std::shared_ptr<FileOpening> opening)
    : opening_(std::move(opening)),
      url_(opening_->location.url()),
      // Opened anew after a conflict, or in a forked child, the file gets another state.
      identity_(url_ + '\n' + std::to_string(generation_) + '\n' + std::to_string(next_serial())),
      session_(random_tag()),
      key_prefix_(opening_->location.key + "/") {
  if (opening_->plain) {
    const Config& config = opening_->config;
    blocks_ = vfd::Blocks::open(opening_->store, std::move(*opening_->plain), url_,
                                {config.plain_cache_bytes, config.read_ahead_bytes > 0});
    opening_->plain.reset();
    return;
  }
  if (opening_->orphans) prefixes_.tag_new(session_);
  if (!opening_->loaded) return;
  Loaded loaded = std::move(*opening_->loaded);
  opening_->loaded.reset();
  const Catalog& catalog = loaded.metadata.catalog;
  // Chunks that a crashed session left behind may lie under any plain name.
  prefixes_.tag_new(session_);
  for (const std::string& prefix : catalog.trash) prefixes_.add(prefix);
  inherits_trash_ = !catalog.trash.empty();
  for (const auto& [address, entry] : catalog.datasets) prefixes_.add(entry.prefix);
  if (!opening_->create) {
    take(std::move(loaded));
    established_ = true;
    return;
  }
  // Replaced, not emptied: what it held stays readable until the new file is committed.
  exists_ = true;
  etag_ = std::move(loaded.etag);
  ++catalog_changes_;
  committed_catalog_.trash = catalog.trash;
  catalog_.trash = catalog.trash;
  for (const auto& [address, entry] : catalog.datasets) catalog_.trash.insert(entry.prefix);
}

void FileState::take(Loaded loaded) {
  exists_ = true;
  etag_ = std::move(loaded.etag);
  catalog_ = loaded.metadata.catalog;
  later_.reset();
  committed_catalog_changes_ = ++catalog_changes_;
  catalog_text_.clear();
  committed_catalog_ = std::move(loaded.metadata.catalog);
  committed_checksum_ = loaded.metadata.checksum;
  committed_length_ = loaded.metadata.file_length;
  image_ = vfd::Image(std::move(loaded.metadata.bytes), loaded.metadata.file_length);
  committed_changes_ = image_.changes();
}

FileState::~FileState() {
  if (blocks_) blocks_->stop();
}

Status FileState::read(std::uint64_t offset, ByteSpan into) {
  if (blocks_) return blocks_->read(offset, into);
  image_.read(offset, into);
  return {};
}

Status FileState::write(std::uint64_t offset, ConstByteSpan from) {
  if (blocks_) return plain_is_read_only(url_);
  image_.write(offset, from);
  return {};
}

Status FileState::resize(std::uint64_t length) {
  if (blocks_) return plain_is_read_only(url_);
  image_.resize(length);
  return {};
}

void FileState::opened(unsigned flags) {
  writable_ = writable_ || (flags & H5F_ACC_RDWR) != 0;
  follows_writer_ = follows_writer_ || (flags & H5F_ACC_SWMR_READ) != 0;
}

void FileState::closed(bool last) {
  if (!last) return;
  const bool commits = writable_ && established_;
  writable_ = false;
  // Whoever opens the file next reads it anew.
  unlist();
  const Status status = commits ? commit() : Status();
  if (status.ok()) {
    if (commits && !inherited() && !abandoned_) note_emptied();
  } else if (lost()) {
    log(LogLevel::error, "what was changed in " + url_ +
                             " since it was flushed or closed last is lost: " + status.message());
  } else {
    context().unstored.push_back(shared_from_this());
    log(LogLevel::error,
        url_ +
            " could not be stored when its last object was closed; it is tried once more when the "
            "program ends, and lost if that fails, too: " +
            status.message());
  }
  remove_lost();
}

void FileState::unlist() {
  auto& files = context().files;
  const auto entry = files.find(opening_->location.identity());
  if (entry != files.end() && entry->second.lock().get() == this) files.erase(entry);
}

Status read_only(const FileState& file) {
  return {Code::invalid_argument,
          file.url() + " is open for reading only (no write intent on file)"};
}

Status plain_is_read_only(const std::string& url) {
  return {Code::permission_denied,
          url +
              " is a plain HDF5 file, which is opened for reading only; to change it, copy it to "
              "the chunk layout first: arraymorph copy " +
              url + " NEW_URL"};
}

Status opened_by_parent(const FileState& file) {
  return {Code::unsupported,
          file.url() +
              " was opened before this process was forked and can be changed by the "
              "parent only; open it again here"};
}

void FileState::forget(Address address) {
  if (const auto live = datasets_.find(address); live != datasets_.end()) {
    live->second->array->abandon();
    datasets_.erase(live);
  }
  const auto entry = catalog_.datasets.find(address);
  if (entry == catalog_.datasets.end()) return;
  ++catalog_changes_;
  catalog_.trash.insert(entry->second.prefix);
  catalog_.datasets.erase(entry);
}

void FileState::tell_of_unswept(const Status& cause) {
  if (std::exchange(unswept_told_, true)) return;
  log(LogLevel::warn,
      "a part of " + url_ +
          " cannot be read, so that nobody can tell which of its datasets have lost their last "
          "link: the objects of those stay in the store until a later commit can tell (" +
          cause.message() + ")");
}

}  // namespace arraymorph::vol
