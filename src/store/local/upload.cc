#include "store/local/upload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <mutex>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "runtime/checksum.h"
#include "store/parts.h"

namespace arraymorph::store::local {
namespace {

constexpr std::string_view kUploadPrefix = ".~arraymorph-upload-";
constexpr std::string_view kNotesSuffix = ".parts";
constexpr std::size_t kMostNotes = 64 << 20;  // bytes

std::string new_name() {
  std::random_device random;
  const std::uint64_t number = std::uint64_t{random()} << 32 | random();
  return std::string(kUploadPrefix) + std::to_string(number);
}

bool is_name(std::string_view name) {
  return name.starts_with(kUploadPrefix) && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos && !name.ends_with(kNotesSuffix);
}

class LocalUpload final : public Upload, public std::enable_shared_from_this<LocalUpload> {
 public:
  LocalUpload(UploadHost host, const UploadRequest& request, Place place, Draft draft, File notes)
      : host_(std::move(host)),
        key_(request.key),
        size_(request.size),
        part_size_(request.part_size),
        durable_(request.durable),
        place_(std::move(place)),
        draft_(std::move(draft)),
        notes_(std::move(notes)),
        id_(draft_.name()) {
    draft_.keep();
  }

  const std::string& id() const override { return id_; }
  std::uint64_t part_size() const override { return part_size_; }
  std::size_t part_count() const override { return count_parts(size_, part_size_); }
  bool has(std::size_t number) const override { return resumed_.contains(number); }

  void put_part(std::size_t number, std::shared_ptr<const Buffer> body, DoneStatus done) override {
    host_.run([self = shared_from_this(), number, body = std::move(body), done = std::move(done)] {
      done(self->write_part(number, body->span()));
    });
  }

  bool takes_pieces() const override { return true; }

  Status put_piece(std::size_t number, std::uint64_t offset, ConstByteSpan bytes) override {
    ARRAYMORPH_TRY(check_piece(number, offset, bytes.size(), size_, part_size_));
    return write_at(draft_.fd(), bytes, number * part_size_ + offset, place_.path);
  }

  Status end_part(std::size_t number, std::uint32_t checksum) override {
    ARRAYMORPH_TRY(check_piece(number, 0, 0, size_, part_size_));
    const std::string note = std::to_string(number) + " " + checksum_text(checksum) + "\n";
    const std::lock_guard lock(mutex_);
    ARRAYMORPH_TRY(write_all(notes_.fd(), std::as_bytes(std::span(note)), place_.path));
    noted_.insert(number);
    return {};
  }

  void finish(PutCondition condition, Done<PutReply> done) override {
    host_.run([self = shared_from_this(), condition = std::move(condition),
               done = std::move(done)] { done(self->settle(condition)); });
  }

  void abort(DoneStatus done) override {
    draft_.remove();
    remove_notes();
    done(Status());
  }

  /// Takes over what an earlier process has noted, where the bytes are still there: after a power
  /// cut the note may have survived and the bytes not.
  Status resume() {
    struct stat info{};
    if (::fstat(notes_.fd(), &info) != 0) return errno_status(errno, "read", place_.path);
    if (static_cast<std::size_t>(info.st_size) > kMostNotes) {
      return {Code::corrupt, place_.path + ": the note of an unfinished upload is damaged"};
    }
    std::string text(static_cast<std::size_t>(info.st_size), '\0');
    ARRAYMORPH_TRY(read_all(notes_.fd(), std::as_writable_bytes(std::span(text)), 0, place_.path));
    Buffer bytes(std::min(size_, part_size_));
    for (std::string_view rest = text; rest.find('\n') != std::string_view::npos;
         rest.remove_prefix(rest.find('\n') + 1)) {
      ARRAYMORPH_TRY(take_note(rest.substr(0, rest.find('\n')), bytes));
    }
    noted_ = resumed_;
    return {};
  }

 private:
  // "<number> <CRC-32C>"; what is none is a note that was not written to its end.
  Status take_note(std::string_view line, Buffer& bytes) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    const auto used = static_cast<std::size_t>(end - line.data());
    if (error != std::errc{} || used == line.size() || number >= part_count()) return {};
    const auto checksum = parse_checksum(line.substr(used + 1));
    if (!checksum) return {};
    const ByteSpan part = bytes.span().first(part_length(number, size_, part_size_));
    ARRAYMORPH_TRY(read_all(draft_.fd(), part, number * part_size_, place_.path));
    if (crc32c(part) == *checksum) resumed_.insert(number);
    return {};
  }

  Status write_part(std::size_t number, ConstByteSpan body) {
    ARRAYMORPH_TRY(check_part(number, body.size(), size_, part_size_));
    ARRAYMORPH_TRY(put_piece(number, 0, body));
    return end_part(number, crc32c(body));
  }

  Result<PutReply> settle(const PutCondition& condition) {
    {
      const std::lock_guard lock(mutex_);
      if (noted_.size() != part_count()) {
        return Status(Code::invalid_argument, place_.path + ": not all parts have been put");
      }
    }
    stamp(draft_.fd());
    if (durable_ && ::fsync(draft_.fd()) != 0) return errno_status(errno, "sync", place_.path);
    struct stat info{};
    if (::fstat(draft_.fd(), &info) != 0) return errno_status(errno, "write", place_.path);
    ARRAYMORPH_TRY(host_.settle(draft_, place_, key_, condition));
    remove_notes();
    if (durable_ && ::fsync(place_.parent.fd()) != 0) {
      return errno_status(errno, "sync the directory of", place_.path);
    }
    return PutReply{entity_tag(info)};
  }

  void remove_notes() {
    ::unlinkat(place_.parent.fd(), (id_ + std::string(kNotesSuffix)).c_str(), 0);
  }

  const UploadHost host_;
  const std::string key_;
  const std::uint64_t size_;
  const std::uint64_t part_size_;
  const bool durable_;
  const Place place_;
  Draft draft_;
  File notes_;
  const std::string id_;
  std::set<std::size_t> resumed_;
  std::mutex mutex_;
  std::set<std::size_t> noted_;
};

Result<Draft> open_draft(const Place& place, const UploadRequest& request) {
  if (request.resume.empty()) {
    ARRAYMORPH_ASSIGN(Draft draft, Draft::make(place, new_name()));
    if (::ftruncate(draft.fd(), static_cast<off_t>(request.size)) != 0) {
      return errno_status(errno, "write", place.path);
    }
    return draft;
  }
  const Status gone(Code::not_found, place.path + ": there is no unfinished upload '" +
                                         request.resume + "' of this size");
  if (!is_name(request.resume)) return gone;
  ARRAYMORPH_ASSIGN(Draft draft, Draft::open(place, request.resume));
  draft.keep();
  struct stat info{};
  if (::fstat(draft.fd(), &info) != 0) return errno_status(errno, "read", place.path);
  const bool same =
      S_ISREG(info.st_mode) && static_cast<std::uint64_t>(info.st_size) == request.size;
  if (!same) return gone;
  return draft;
}

}  // namespace

Result<std::shared_ptr<Upload>> begin_upload(UploadHost host, const UploadRequest& request) {
  ARRAYMORPH_ASSIGN(Place place, open_parent(host.root, request.key, Missing::create));
  ARRAYMORPH_ASSIGN(Draft draft, open_draft(place, request));
  const std::string name = draft.name() + std::string(kNotesSuffix);
  const bool fresh = request.resume.empty();
  File notes(::openat(place.parent.fd(), name.c_str(),
                      O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (fresh ? O_CREAT | O_EXCL : 0),
                      0666));
  if (!notes.ok()) return errno_status(errno, "write", place.path);
  auto upload = std::make_shared<LocalUpload>(std::move(host), request, std::move(place),
                                              std::move(draft), std::move(notes));
  if (!fresh) ARRAYMORPH_TRY(upload->resume());
  return std::shared_ptr<Upload>(std::move(upload));
}

}  // namespace arraymorph::store::local
