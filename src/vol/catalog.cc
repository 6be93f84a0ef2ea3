#include "vol/catalog.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "vol/prefix.h"

namespace arraymorph::vol {
namespace {

using nlohmann::json;

constexpr unsigned kVersion = 1;
constexpr std::size_t kMaxRank = 32;  // H5S_MAX_RANK
constexpr int kMostAllocTime = 3;     // H5D_ALLOC_TIME_INCR
// Brackets inside each other; a catalog needs 6. The parser would take memory for any number.
constexpr int kDeepest = 16;

void append_number(std::string& text, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  text.append(digits.data(), end);
}

void append_list(std::string& text, const std::vector<std::uint64_t>& numbers) {
  text += '[';
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) text += ',';
    append_number(text, numbers[i]);
  }
  text += ']';
}

// Prefixes are percent-encoded ASCII; replace would only ever act on a defect.
void append_string(std::string& text, const std::string& string) {
  text += json(string).dump(-1, ' ', true, json::error_handler_t::replace);
}

void append_masks(std::string& text, const chunk::Records& records) {
  text += ",\"filter_masks\":[";
  bool first = true;
  for (const auto& [index, mask] : records.filter_masks) {
    text += first ? "[" : ",[";
    first = false;
    append_list(text, index);
    text += ',';
    append_number(text, mask);
    text += ']';
  }
  text += ']';
}

template <class Indexes>
void append_indexes(std::string& text, const Indexes& indexes) {
  text += '[';
  for (const chunk::Index& index : indexes) {
    if (text.back() != '[') text += ',';
    append_list(text, index);
  }
  text += ']';
}

// {"<tag>": [indexes], ...}
void append_versions(std::string& text, const chunk::Records& records) {
  std::map<std::string_view, std::vector<chunk::Index>> by_tag;
  for (const auto& [index, tag] : records.versions) by_tag[tag].push_back(index);
  text += ",\"versions\":{";
  for (const auto& [tag, indexes] : by_tag) {
    if (text.back() != '{') text += ',';
    text.append(1, '"').append(tag).append("\":");
    append_indexes(text, indexes);
  }
  text += '}';
}

void append_dataset(std::string& text, Address address, const CatalogEntry& entry) {
  const chunk::Records& records = entry.records;
  text += '{';
  if (!records.absent.empty()) {
    text += "\"absent\":";
    append_indexes(text, records.absent);
    text += ',';
  }
  text += "\"address\":";
  append_number(text, address);
  if (entry.alloc_time != 0) {
    text += ",\"alloc_time\":";
    append_number(text, static_cast<unsigned>(entry.alloc_time));
  }
  text += ",\"chunk\":";
  append_list(text, entry.chunk);
  if (!records.filter_masks.empty()) append_masks(text, records);
  text += entry.contiguous ? ",\"layout\":\"contiguous\"" : ",\"layout\":\"chunked\"";
  text += ",\"prefix\":";
  append_string(text, entry.prefix);
  if (!records.removed.empty()) text.append(",\"removed\":\"").append(records.removed).append("\"");
  if (records.shrunk) text += ",\"shrunk\":true";
  if (!records.versions.empty()) append_versions(text, records);
  text += '}';
}

Status malformed(const char* what) {
  return {Code::corrupt, std::string("the catalog is malformed: ") + what};
}

bool read_extent(const json& value, std::vector<std::uint64_t>& out) {
  if (!value.is_array() || value.size() > kMaxRank) return false;
  for (const json& item : value) {
    if (!item.is_number_unsigned()) return false;
    out.push_back(item.get<std::uint64_t>());
  }
  return true;
}

bool too_deep(std::string_view text) {
  int depth = 0;
  bool inside_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      inside_string = !inside_string;
    } else if (inside_string) {
      if (c == '\\') ++i;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

/// `value` as a T: nothing when it is not a whole number from 0 to `most`.
template <class T>
std::optional<T> number(const json& value, T most = std::numeric_limits<T>::max()) {
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto wide = value.get<std::uint64_t>();
  if (wide > static_cast<std::uint64_t>(most)) return std::nullopt;
  return static_cast<T>(wide);
}

Status read_masks(const json& value, CatalogEntry& entry) {
  if (!value.is_array()) return malformed("filter_masks");
  for (const json& item : value) {
    chunk::Index index;
    if (!item.is_array() || item.size() != 2 || !read_extent(item[0], index) ||
        index.size() != entry.chunk.size()) {
      return malformed("filter_masks");
    }
    const auto mask = number<std::uint32_t>(item[1]);
    if (!mask || !entry.records.filter_masks.emplace(std::move(index), *mask).second) {
      return malformed("filter_masks");
    }
  }
  return {};
}

Status read_absent(const json& value, CatalogEntry& entry) {
  if (!value.is_array()) return malformed("absent");
  for (const json& item : value) {
    chunk::Index index;
    if (!read_extent(item, index) || index.size() != entry.chunk.size()) return malformed("absent");
    entry.records.absent.insert(std::move(index));
  }
  return {};
}

Status read_versions(const json& value, CatalogEntry& entry) {
  if (!value.is_object()) return malformed("versions");
  for (const auto& [tag, indexes] : value.items()) {
    if (!chunk::valid_tag(tag) || !indexes.is_array()) return malformed("versions");
    for (const json& item : indexes) {
      chunk::Index index;
      const bool good = read_extent(item, index) && index.size() == entry.chunk.size() &&
                        entry.records.versions.emplace(std::move(index), tag).second;
      if (!good) return malformed("versions");
    }
  }
  return {};
}

/// `prefixes`: of the whole catalog. Two datasets in one place would overwrite each other, and
/// trash in the place of a dataset would be removed together with its data.
Result<std::string> read_prefix(const json& value, PrefixSet& prefixes) {
  if (!value.is_string()) return malformed("prefix");
  std::string prefix = value.get<std::string>();
  if (!is_prefix(prefix)) return malformed("prefix");
  if (!prefixes.try_add(prefix)) return malformed("two prefixes in one place");
  return prefix;
}

Status read_dataset(const json& value, Catalog& catalog, PrefixSet& prefixes) {
  if (!value.is_object() || !value.contains("address") || !value["address"].is_number_unsigned() ||
      !value.contains("prefix") || !value.contains("chunk")) {
    return malformed("dataset entry");
  }
  CatalogEntry entry;
  ARRAYMORPH_ASSIGN(entry.prefix, read_prefix(value["prefix"], prefixes));
  if (!read_extent(value["chunk"], entry.chunk)) return malformed("chunk extents");
  const json layout = value.value("layout", json("chunked"));
  entry.contiguous = layout == "contiguous";
  if (!entry.contiguous && layout != "chunked") return malformed("layout");
  const auto time = number<int>(value.value("alloc_time", json(0U)), kMostAllocTime);
  if (!time) return malformed("alloc_time");
  entry.alloc_time = *time;
  if (value.contains("filter_masks")) ARRAYMORPH_TRY(read_masks(value["filter_masks"], entry));
  if (value.contains("absent")) ARRAYMORPH_TRY(read_absent(value["absent"], entry));
  if (value.contains("versions")) ARRAYMORPH_TRY(read_versions(value["versions"], entry));
  if (value.contains("removed")) {
    const json& removed = value["removed"];
    if (!removed.is_string() || !chunk::valid_tag(removed.get<std::string>())) {
      return malformed("removed");
    }
    entry.records.removed = removed.get<std::string>();
  }
  entry.records.shrunk = value.value("shrunk", json(false)) == true;
  if (!catalog.datasets.emplace(value["address"].get<Address>(), std::move(entry)).second) {
    return malformed("one dataset twice");
  }
  return {};
}

}  // namespace

bool Catalog::stored_by(const Catalog& committed) const {
  return datasets == committed.datasets && sweep_needed == committed.sweep_needed &&
         external_links == committed.external_links &&
         std::includes(committed.trash.begin(), committed.trash.end(), trash.begin(), trash.end());
}

// Written piece by piece, keys sorted: a document of the whole would be built anew for every
// commit.
std::string to_json(const Catalog& catalog) {
  std::string text = "{\"datasets\":[";
  for (const auto& [address, entry] : catalog.datasets) {
    if (text.back() == '}') text += ',';
    append_dataset(text, address, entry);
  }
  text += ']';
  if (catalog.external_links) text += ",\"external_links\":true";
  if (catalog.sweep_needed) text += ",\"sweep_needed\":true";
  if (!catalog.trash.empty()) {
    text += ",\"trash\":[";
    for (const std::string& prefix : catalog.trash) {
      if (text.back() != '[') text += ',';
      append_string(text, prefix);
    }
    text += ']';
  }
  text += ",\"version\":";
  append_number(text, kVersion);
  text += '}';
  return text;
}

Result<Catalog> catalog_from_json(std::string_view text) {
  if (too_deep(text)) return malformed("nested too deeply");
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object() || !root.contains("version") || !root["version"].is_number_unsigned()) {
    return malformed("not a catalog");
  }
  if (const auto version = root["version"].get<std::uint64_t>(); version > kVersion) {
    return Status(Code::unsupported, "the catalog was written by a newer ArrayMorph (version " +
                                         std::to_string(version) + "); upgrade to read it");
  }
  Catalog catalog;
  PrefixSet prefixes;
  if (!root.contains("datasets") || !root["datasets"].is_array()) return malformed("datasets");
  for (const json& item : root["datasets"]) {
    ARRAYMORPH_TRY(read_dataset(item, catalog, prefixes));
  }
  if (root.contains("trash")) {
    if (!root["trash"].is_array()) return malformed("trash");
    for (const json& item : root["trash"]) {
      ARRAYMORPH_ASSIGN(std::string prefix, read_prefix(item, prefixes));
      catalog.trash.insert(std::move(prefix));
    }
  }
  catalog.sweep_needed = root.value("sweep_needed", json(false)) == true;
  catalog.external_links = root.value("external_links", json(false)) == true;
  return catalog;
}

}  // namespace arraymorph::vol
