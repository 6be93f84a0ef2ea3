// The part of arraymorph/api.h that copying is made of.
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "arraymorph/api.h"
#include "store/conditions.h"
#include "store/move.h"
#include "vol/answer.h"
#include "vol/find_file.h"
#include "vol/metadata_object.h"
#include "vol/prefix.h"

struct arraymorph_transfer {
  arraymorph::store::Transfer transfer;
};

namespace arraymorph::vol {
namespace {

using nlohmann::json;
using store::Move;
using store::Segment;

Status no_plan() {
  return Status(Code::invalid_argument, "the plan is not what arraymorph/api.h describes");
}

store::TransferLimits limits_of(const Config& config) {
  store::TransferLimits limits;
  limits.bytes = config.in_flight_bytes;
  limits.requests = config.connections;  // more bodies would only wait in memory
  return limits;
}

Result<std::string> look(const char* name, const char* key) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  ARRAYMORPH_ASSIGN(const ObjectInfo info, head(*file->store, file->location.below(key)));
  return text_of({{"size", info.size}, {"etag", info.etag}, {"modified", info.modified}});
}

Result<std::string> read(const char* name, const char* key, const ByteRange& range, void** bytes) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  ARRAYMORPH_ASSIGN(const GetReply reply,
                    get(*file->store, {file->location.below(key), range, {}}));
  if (reply.received != range.length) {
    return Status(Code::corrupt, file->location.url() + ": ends after " +
                                     std::to_string(reply.object_size) + " bytes");
  }
  *bytes = std::malloc(reply.received);
  if (*bytes == nullptr) return Status(Code::internal, "out of memory");
  std::memcpy(*bytes, reply.body.data(), reply.received);
  return text_of({{"etag", reply.etag}});
}

// Written piece by piece: there may be a million of them.
Result<std::string> list_sizes(const char* name) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  const std::string prefix = file->location.below("") + "/";
  ARRAYMORPH_ASSIGN(const auto objects, list_all(*file->store, prefix));
  std::string text = "{\"objects\":[";
  for (const ObjectInfo& object : objects) {
    if (text.back() == ']') text += ',';
    text +=
        "[" + text_of(object.key.substr(prefix.size())) + "," + std::to_string(object.size) + "]";
  }
  return text + "]}";
}

Result<std::string> get_metadata(const char* name, void** bytes, std::size_t* size) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  ARRAYMORPH_ASSIGN(const auto loaded, load(*file->store, file->location));
  const Metadata& metadata = loaded.metadata;
  const std::size_t length = metadata.file_length;
  *bytes = std::malloc(length > 0 ? length : 1);
  if (*bytes == nullptr) return Status(Code::internal, "out of memory");
  std::memcpy(*bytes, metadata.bytes.data(), length);
  *size = length;
  return text_of({{"etag", loaded.etag}, {"catalog", to_json(metadata.catalog)}});
}

Result<std::string> put_metadata(const char* name, ConstByteSpan bytes, const char* catalog,
                                 const std::string& etag) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  ARRAYMORPH_ASSIGN(const Catalog read, catalog_from_json(catalog));
  const std::string text = to_json(read);
  Buffer object = encode_metadata(bytes, text, metadata_checksum(bytes, text), random_id());
  PutRequest request{file->location.below(kMetadataKey), nullptr, {}, /*durable=*/true};
  request.body = std::make_shared<const Buffer>(std::move(object));
  request.condition.kind =
      etag.empty() ? PutCondition::Kind::if_absent : PutCondition::Kind::if_match;
  request.condition.etag = etag;
  ARRAYMORPH_ASSIGN(const PutReply reply,
                    store::guarded_put(*file->store, std::move(request), file->config));
  return text_of({{"etag", reply.etag}});
}

/// A plan's text field; nothing where it has none.
const std::string* text_field(const json& plan, const char* name) {
  const auto found = plan.find(name);
  return found == plan.end() ? nullptr : found->get_ptr<const std::string*>();
}

bool number(const json& value, std::uint64_t& out) {
  if (!value.is_number_unsigned()) return false;
  out = value.get<std::uint64_t>();
  return out <= std::numeric_limits<std::uint64_t>::max() / 4;
}

struct Ends {
  json plan;
  Opening source;
  Opening target;
  store::Source from;
};

Result<Ends> read_plan(const char* text) {
  Ends ends;
  ends.plan = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!ends.plan.is_object()) return no_plan();
  const std::string* const source = text_field(ends.plan, "source");
  const std::string* const target = text_field(ends.plan, "target");
  const std::string* const etag = text_field(ends.plan, "etag");
  if (source == nullptr || target == nullptr || etag == nullptr) return no_plan();
  ARRAYMORPH_ASSIGN(ends.source, resolve(source->c_str()));
  ARRAYMORPH_ASSIGN(ends.target, resolve(target->c_str()));
  ends.from = {ends.source->store.get(), *etag};
  return ends;
}

Result<std::vector<Move>> read_moves(const Ends& ends) {
  const auto list = ends.plan.find("moves");
  if (list == ends.plan.end() || !list->is_array()) return no_plan();
  std::vector<Move> moves;
  moves.reserve(list->size());
  for (const json& item : *list) {
    if (!item.is_array() || item.size() != 5 || !item[0].is_string() || !item[3].is_string()) {
      return no_plan();
    }
    Move move;
    move.from = ends.source->location.below(item[0].get_ref<const std::string&>());
    move.to = ends.target->location.below(item[3].get_ref<const std::string&>());
    std::uint64_t offset = 0;
    if (!item[1].is_null()) {
      if (!number(item[1], offset)) return no_plan();
      move.offset = offset;
    }
    if (!number(item[2], move.length) || !number(item[4], move.size) || move.size < move.length) {
      return no_plan();
    }
    moves.push_back(std::move(move));
  }
  return moves;
}

Result<std::string> move_all(const char* text, store::Transfer& transfer) {
  ARRAYMORPH_ASSIGN(Ends ends, read_plan(text));
  ARRAYMORPH_ASSIGN(const auto moves, read_moves(ends));
  const auto work = ends.plan.value("compare", json(false)) == true ? &store::compare_objects
                                                                    : &store::move_objects;
  ends.plan.clear();  // as large as the moves
  ARRAYMORPH_TRY(
      work(ends.from, *ends.target->store, moves, limits_of(ends.target->config), transfer));
  return std::string("{}");
}

Result<std::vector<Segment>> read_segments(const Ends& ends, std::uint64_t size,
                                           std::size_t literal) {
  const auto list = ends.plan.find("segments");
  if (list == ends.plan.end() || !list->is_array()) return no_plan();
  std::vector<Segment> segments;
  segments.reserve(list->size());
  std::uint64_t end = 0;
  for (const json& item : *list) {
    Segment segment;
    const bool good = item.is_array() && item.size() == 5 && number(item[0], segment.offset) &&
                      number(item[1], segment.length) && number(item[3], segment.begin) &&
                      number(item[4], segment.object_size) &&
                      (item[2].is_null() || item[2].is_string());
    if (!good || segment.offset < end) return no_plan();
    end = segment.offset + segment.length;
    const bool inside = !item[2].is_null() || segment.begin + segment.length <= literal;
    if (end > size || !inside) return no_plan();
    if (!item[2].is_null()) {
      segment.key = ends.source->location.below(item[2].get_ref<const std::string&>());
    }
    if (segment.length > 0) segments.push_back(std::move(segment));
  }
  return segments;
}

Result<std::string> begin(const char* name, std::uint64_t size) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  ARRAYMORPH_ASSIGN(const auto begun,
                    upload(*file->store, {file->location.key, size, 0, {}, /*durable=*/true}));
  return text_of({{"id", begun->id()}, {"part_size", begun->part_size()}});
}

Result<std::string> give_up(const char* name, const UploadRequest& asked) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  UploadRequest request = asked;
  request.key = file->location.key;
  if (request.resume.empty()) return std::string("{}");
  const auto begun = upload(*file->store, request);
  if (begun.status().code() == Code::not_found) return std::string("{}");
  if (!begun.ok()) return begun.status();
  ARRAYMORPH_TRY(abort(**begun));
  return std::string("{}");
}

// Where a server may ignore the condition of the last request, a look right before it is what is
// left.
Result<PutReply> finish_upload(const FileOpening& file, Upload& upload, bool replace) {
  if (replace) return finish(upload, {});
  if (!file.store->keeps_conditions()) {
    const auto there = head(*file.store, file.location.key);
    if (there.ok()) return Status(Code::already_exists, file.location.url() + " exists already");
    if (there.status().code() != Code::not_found) return there.status();
  }
  return finish(upload, {PutCondition::Kind::if_absent, {}});
}

// A file of many objects has to be the same one in the end.
Status check_unchanged(const FileOpening& source, const std::string& etag) {
  if (etag.empty()) return {};
  ARRAYMORPH_ASSIGN(const ObjectInfo now, head(*source.store, source.location.below(kMetadataKey)));
  if (now.etag == etag) return {};
  return {Code::conflict, source.location.url() +
                              " was changed while it was copied; copy it again when nobody writes "
                              "to it"};
}

Result<std::string> assemble_all(const char* text, ConstByteSpan literal,
                                 store::Transfer& transfer) {
  ARRAYMORPH_ASSIGN(Ends ends, read_plan(text));
  UploadRequest request;
  request.key = ends.target->location.key;
  request.durable = true;
  const std::string* const id = text_field(ends.plan, "id");
  const bool replace = ends.plan.value("replace", json(false)) == true;
  if (id == nullptr || !number(ends.plan.value("size", json()), request.size) ||
      !number(ends.plan.value("part_size", json()), request.part_size)) {
    return no_plan();
  }
  request.resume = *id;
  const std::string committed = ends.plan.value("committed", "");
  ARRAYMORPH_ASSIGN(const auto segments, read_segments(ends, request.size, literal.size()));
  ends.plan.clear();  // as large as the segments
  ARRAYMORPH_ASSIGN(const auto begun, upload(*ends.target->store, request));
  std::size_t resumed = 0;
  for (std::size_t i = 0; i < begun->part_count(); ++i) resumed += begun->has(i) ? 1 : 0;
  ARRAYMORPH_TRY(store::assemble(ends.from, literal, segments, request.size, *begun,
                                 limits_of(ends.target->config), transfer));
  ARRAYMORPH_TRY(check_unchanged(*ends.source, committed));
  ARRAYMORPH_ASSIGN(const PutReply reply, finish_upload(*ends.target, *begun, replace));
  return text_of({{"etag", reply.etag}, {"resumed", resumed}});
}

/// answer_with, and the errno value of a transfer that was cancelled.
template <class Work>
int transfer_with(arraymorph_transfer* transfer, char** answer, const Work& work) {
  const int error = answer_with(answer, work);
  return error != 0 && transfer->transfer.cancelled ? ECANCELED : error;
}

ConstByteSpan span_of(const void* bytes, std::size_t size) {
  return {static_cast<const std::byte*>(bytes), size};
}

}  // namespace
}  // namespace arraymorph::vol

using namespace arraymorph::vol;

extern "C" {

int arraymorph_object(const char* name, const char* key, char** answer) {
  return answer_with(answer, [&] { return look(name, key); });
}

int arraymorph_read(const char* name, const char* key, uint64_t offset, uint64_t length,
                    void** bytes, char** answer) {
  *bytes = nullptr;
  return answer_with(answer, [&] { return read(name, key, {offset, length}, bytes); });
}

int arraymorph_objects(const char* name, char** answer) {
  return answer_with(answer, [&] { return list_sizes(name); });
}

int arraymorph_get_metadata(const char* name, void** bytes, size_t* size, char** answer) {
  *bytes = nullptr;
  *size = 0;
  return answer_with(answer, [&] { return get_metadata(name, bytes, size); });
}

int arraymorph_put_metadata(const char* name, const void* bytes, size_t size, const char* catalog,
                            const char* etag, char** answer) {
  return answer_with(answer,
                     [&] { return put_metadata(name, span_of(bytes, size), catalog, etag); });
}

arraymorph_transfer* arraymorph_transfer_new(void) {
  return new (std::nothrow) arraymorph_transfer;
}

void arraymorph_transfer_free(arraymorph_transfer* transfer) { delete transfer; }

void arraymorph_transfer_progress(const arraymorph_transfer* transfer, uint64_t* bytes,
                                  uint64_t* items) {
  *bytes = transfer->transfer.bytes;
  *items = transfer->transfer.items;
}

void arraymorph_transfer_cancel(arraymorph_transfer* transfer) {
  transfer->transfer.cancelled = true;
}

int arraymorph_move(const char* plan, arraymorph_transfer* transfer, char** answer) {
  return transfer_with(transfer, answer, [&] { return move_all(plan, transfer->transfer); });
}

int arraymorph_begin_upload(const char* name, uint64_t size, char** answer) {
  return answer_with(answer, [&] { return begin(name, size); });
}

int arraymorph_abort_upload(const char* name, uint64_t size, uint64_t part_size, const char* id,
                            char** answer) {
  return answer_with(answer, [&] { return give_up(name, {"", size, part_size, id}); });
}

int arraymorph_assemble(const char* plan, const void* literal, size_t size,
                        arraymorph_transfer* transfer, char** answer) {
  return transfer_with(transfer, answer, [&] {
    return assemble_all(plan, span_of(literal, size), transfer->transfer);
  });
}
}
