// The part of arraymorph/api.h that the command line is made of.
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "arraymorph/api.h"
#include "runtime/endpoint.h"
#include "runtime/log.h"
#include "store/conditions.h"
#include "vol/answer.h"
#include "vol/emptied.h"
#include "vol/find_file.h"
#include "vol/inventory.h"

namespace arraymorph::vol {
namespace {

using nlohmann::json;

// Where what `describe` tells was said.
json sources_of(const Config& config) {
  const SpeedSources& speed = config.speed_sources;
  return {{"connections", speed.connections},
          {"event_loops", speed.event_loops},
          {"codec_threads", speed.codec_threads}};
}

Status describe_s3(const FileOpening& file, json& answer) {
  const S3Settings& s3 = file.config.s3;
  ARRAYMORPH_ASSIGN(const S3Endpoint endpoint, s3_endpoint(s3));
  const std::string server = file.store->identity();
  answer["endpoint"] = server.substr(0, server.find(' '));
  answer["region"] = s3.region;
  answer["path_style"] = endpoint.path_style;
  answer["bucket"] = file.location.container;
  answer["profile"] = s3.profile;
  answer["ca_bundle"] = s3.ca_bundle;
  answer["session_token"] = !s3.session_token.empty();
  const S3Sources& sources = s3.sources;
  answer["sources"].update({{"endpoint", sources.endpoint},
                            {"region", sources.region},
                            {"path_style", sources.addressing_style},
                            {"profile", sources.profile},
                            {"ca_bundle", sources.ca_bundle},
                            {"credentials", sources.credentials}});
  return Status();
}

Result<std::string> describe(const char* name) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  const std::string& key = file->location.key;
  const bool secret = file->location.plain_only();  // a query is
  json answer{{"url", file->location.url()}, {"key", secret ? without_secrets(key) : key + "/"}};
  answer["server"] = file->store->identity();
  answer["connections"] = file->config.connections;
  answer["event_loops"] = file->config.event_loops;
  answer["codec_threads"] = file->config.codec_threads;
  answer["sources"] = sources_of(file->config);
  switch (file->location.kind) {
    case store::Location::Kind::s3:
      answer["kind"] = "s3";
      ARRAYMORPH_TRY(describe_s3(*file, answer));
      break;
    case store::Location::Kind::http:
      answer["kind"] = "http";
      break;
    case store::Location::Kind::local:
      answer["kind"] = "local";
      break;
    case store::Location::Kind::memory:
      answer["kind"] = "memory";
      break;
  }
  return text_of(answer);
}

Result<std::string> look(const char* name) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  ARRAYMORPH_ASSIGN(const ObjectInfo info, head(*file->store, file->location.below(kMetadataKey)));
  return text_of({{"size", info.size}, {"etag", info.etag}, {"modified", info.modified}});
}

Result<std::string> layout(const char* name) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  json answer{{"url", file->location.url()}, {"layout", "chunks"}};
  const Status none(Code::not_found, "");
  Result<ObjectInfo> info = none;
  if (!file->location.plain_only()) info = head(*file->store, file->location.below(kMetadataKey));
  if (!info.ok() && info.status().code() == Code::not_found) {
    answer["layout"] = "plain";
    info = head(*file->store, file->location.key);
  }
  if (!info.ok()) {
    if (info.status().code() != Code::not_found) return info.status();
    answer["layout"] = "missing";
    return text_of(answer);
  }
  answer["size"] = info->size;
  answer["etag"] = info->etag;
  answer["modified"] = info->modified;
  return text_of(answer);
}

Result<std::map<Address, chunk::Extent>> read_extents(const char* text) {
  const Status wrong(Code::invalid_argument, "the extents are not {\"address\": [numbers]}");
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return wrong;
  std::map<Address, chunk::Extent> extents;
  for (const auto& [address, dims] : root.items()) {
    if (!dims.is_array()) return wrong;
    chunk::Extent& extent = extents[std::strtoull(address.c_str(), nullptr, 10)];
    for (const json& each : dims) {
      if (!each.is_number_unsigned()) return wrong;
      extent.push_back(each.get<std::uint64_t>());
    }
  }
  return extents;
}

json datasets_of(const Catalog& catalog) {
  json datasets = json::array();
  for (const auto& [address, entry] : catalog.datasets) {
    datasets.push_back({{"address", address},
                        {"prefix", entry.prefix},
                        {"chunk", entry.chunk},
                        {"contiguous", entry.contiguous}});
  }
  return datasets;
}

/// Written piece by piece: a document of a million objects would take a gigabyte.
std::string objects_of(const Inventory& inventory) {
  std::string text = ",\"objects\":[";
  for (const ListedObject& object : inventory.objects) {
    if (text.back() == ']') text += ',';
    text += "[" + text_of(object.info.key) + "," + std::to_string(object.info.size) + "," +
            std::to_string(object.info.modified) + ",\"" + std::string(kind_name(object.kind)) +
            "\",";
    const bool placed = object.dataset.has_value() && object.kind != ObjectKind::unknown;
    text += placed ? std::to_string(*object.dataset) + "," + text_of(object.index) : "null,null";
    text += ']';
  }
  text += "],\"missing\":[";
  for (const MissingChunk& each : inventory.missing) {
    if (text.back() == ']') text += ',';
    text += text_of(json::array({each.key, each.dataset, each.index}));
  }
  return text + "]";
}

Result<Inventory> list_objects(const FileOpening& file, const Catalog& catalog, bool damaged,
                               const char* extents) {
  ARRAYMORPH_ASSIGN(const auto known, read_extents(extents));
  const std::string prefix = file.location.key + "/";
  ARRAYMORPH_ASSIGN(auto objects, list_all(*file.store, prefix));
  for (ObjectInfo& object : objects) object.key.erase(0, prefix.size());
  Inventory inventory =
      take_inventory(places_of(catalog, known), catalog.trash, std::move(objects));
  // Nobody knows what a damaged file needs.
  for (ListedObject& object : inventory.objects) {
    if (damaged && object.kind != ObjectKind::metadata) object.kind = ObjectKind::unknown;
  }
  return inventory;
}

Result<std::string> take_stock(const char* name, const char* extents) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  json answer{{"url", file->location.url()}, {"key", file->location.key + "/"}};
  Catalog catalog;
  bool damaged = false;
  auto loaded = load(*file->store, file->location);
  const Status status = loaded.status();
  if (loaded.ok()) {
    catalog = std::move(loaded->metadata.catalog);
    answer["state"] = "committed";
    answer["etag"] = loaded->etag;
    answer["sweep_needed"] = catalog.sweep_needed;
  } else if (status.code() == Code::not_found) {
    answer["state"] = "missing";
    answer["etag"] = "";
  } else if (status.code() == Code::corrupt || status.code() == Code::unsupported) {
    damaged = true;
    answer["state"] = "damaged";
  } else {
    return status;
  }
  answer["error"] = status.message();
  answer["datasets"] = datasets_of(catalog);
  answer["trash"] = catalog.trash;
  std::string text = text_of(answer);
  if (extents == nullptr) return text;
  ARRAYMORPH_ASSIGN(const Inventory inventory, list_objects(*file, catalog, damaged, extents));
  text.pop_back();
  return text + objects_of(inventory) + "}";
}

Result<std::vector<std::string>> read_keys(const FileOpening& file, const char* text) {
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_array()) return Status(Code::invalid_argument, "the keys are not an array");
  std::vector<std::string> keys;
  for (const json& each : root) {
    if (!each.is_string() || each.get<std::string>() == kMetadataKey) {
      return Status(Code::invalid_argument, "the keys to remove hold one that is not to be");
    }
    keys.push_back(file.location.below(each.get<std::string>()));
  }
  return keys;
}

Result<std::string> remove_objects(const char* name, const char* text, const std::string& etag) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  ARRAYMORPH_ASSIGN(auto keys, read_keys(*file, text));
  const auto now = head(*file->store, file->location.below(kMetadataKey));
  if (!now.ok() && now.status().code() != Code::not_found) return now.status();
  if ((now.ok() ? now->etag : "") != etag) {
    return Status(Code::conflict, file->location.url() +
                                      " was committed since its objects were listed; nothing was "
                                      "removed: list them again");
  }
  const std::size_t count = keys.size();
  ARRAYMORPH_TRY(remove(*file->store, std::move(keys)));
  return text_of({{"removed", count}});
}

Result<std::string> note_emptied(const char* name, const char* text) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_array()) return Status(Code::invalid_argument, "the prefixes are not an array");
  std::set<std::string> prefixes;
  for (const json& each : root) {
    if (each.is_string()) prefixes.insert(each.get<std::string>());
  }
  ARRAYMORPH_TRY(write_emptied(*file->store, file->location.key + "/", prefixes));
  return text_of({{"noted", prefixes.size()}});
}

Result<std::string> remove_file(const char* name, const std::string& layout,
                                const std::string& etag) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  if (layout != "chunks" && layout != "plain") {
    return Status(Code::invalid_argument, "the layout is \"chunks\" or \"plain\"");
  }
  const std::string key =
      layout == "chunks" ? file->location.below(kMetadataKey) : file->location.key;
  ARRAYMORPH_ASSIGN(const ObjectInfo now, head(*file->store, key));
  if (now.etag != etag) {
    return Status(Code::conflict, file->location.url() +
                                      " is another than the one that was looked at; nothing was "
                                      "removed: look again");
  }
  ARRAYMORPH_TRY(remove(*file->store, {key}));
  return text_of({{"url", file->location.url()}});
}

Result<std::string> probe(const char* name) {
  ARRAYMORPH_ASSIGN(const Opening file, resolve(name));
  const std::string key = file->location.below(kMetadataKey);
  const auto report =
      store::probe_now(*file->store, key.substr(0, key.rfind('/') + 1), file->config);
  return text_of({{"server", file->store->identity()},
                  {"verdict", store::conditions_name(report.verdict)},
                  {"words", report.words},
                  {"probed", !file->store->keeps_conditions()}});
}

}  // namespace
}  // namespace arraymorph::vol

using namespace arraymorph::vol;

extern "C" {

int arraymorph_describe(const char* name, char** answer) {
  return answer_with(answer, [&] { return describe(name); });
}

int arraymorph_head(const char* name, char** answer) {
  return answer_with(answer, [&] { return look(name); });
}

int arraymorph_layout(const char* name, char** answer) {
  return answer_with(answer, [&] { return layout(name); });
}

int arraymorph_inventory(const char* name, const char* extents, char** answer) {
  return answer_with(answer, [&] { return take_stock(name, extents); });
}

int arraymorph_remove(const char* name, const char* keys, const char* etag, char** answer) {
  return answer_with(answer, [&] { return remove_objects(name, keys, etag); });
}

int arraymorph_note_emptied(const char* name, const char* prefixes, char** answer) {
  return answer_with(answer, [&] { return note_emptied(name, prefixes); });
}

int arraymorph_remove_file(const char* name, const char* layout, const char* etag, char** answer) {
  return answer_with(answer, [&] { return remove_file(name, layout, etag); });
}

int arraymorph_probe(const char* name, char** answer) {
  return answer_with(answer, [&] { return probe(name); });
}

void arraymorph_free(void* answer) { std::free(answer); }
}
