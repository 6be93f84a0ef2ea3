#include "vol/catalog.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace arraymorph::vol {
namespace {

using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::size_t kMaxRank = 32;  // H5S_MAX_RANK

json masks_to_json(const CatalogEntry& entry) {
  json masks = json::array();
  for (const auto& [index, mask] : entry.filter_masks) masks.push_back({index, mask});
  return masks;
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

bool safe_prefix(const std::string& prefix) {
  return !prefix.empty() && prefix.front() != '/' && prefix.back() != '/' &&
         prefix.find('\0') == std::string::npos &&
         ("/" + prefix + "/").find("/../") == std::string::npos &&
         ("/" + prefix + "/").find("/./") == std::string::npos &&
         prefix.find("//") == std::string::npos;
}

Status read_masks(const json& value, CatalogEntry& entry) {
  if (!value.is_array()) return malformed("filter_masks");
  for (const json& item : value) {
    chunk::Index index;
    if (!item.is_array() || item.size() != 2 || !read_extent(item[0], index) ||
        !item[1].is_number_unsigned()) {
      return malformed("filter_masks");
    }
    entry.filter_masks[index] = item[1].get<std::uint32_t>();
  }
  return {};
}

Status read_dataset(const json& value, Catalog& catalog) {
  if (!value.is_object() || !value.contains("address") || !value["address"].is_number_unsigned() ||
      !value.contains("prefix") || !value["prefix"].is_string() || !value.contains("chunk")) {
    return malformed("dataset entry");
  }
  CatalogEntry entry;
  entry.prefix = value["prefix"].get<std::string>();
  if (!safe_prefix(entry.prefix)) return malformed("prefix");
  if (!read_extent(value["chunk"], entry.chunk)) return malformed("chunk extents");
  const json layout = value.value("layout", json("chunked"));
  entry.contiguous = layout == "contiguous";
  if (const json time = value.value("alloc_time", json(0)); time.is_number_unsigned()) {
    entry.alloc_time = time.get<int>();
  }
  if (value.contains("filter_masks")) ARRAYMORPH_TRY(read_masks(value["filter_masks"], entry));
  catalog.datasets[value["address"].get<Address>()] = std::move(entry);
  return {};
}

}  // namespace

bool Catalog::stored_by(const Catalog& committed) const {
  return datasets == committed.datasets && sweep_needed == committed.sweep_needed &&
         external_links == committed.external_links &&
         std::includes(committed.trash.begin(), committed.trash.end(), trash.begin(), trash.end());
}

std::string to_json(const Catalog& catalog) {
  json datasets = json::array();
  for (const auto& [address, entry] : catalog.datasets) {
    json item = {{"address", address},
                 {"prefix", entry.prefix},
                 {"chunk", entry.chunk},
                 {"layout", entry.contiguous ? "contiguous" : "chunked"}};
    if (entry.alloc_time != 0) item["alloc_time"] = static_cast<unsigned>(entry.alloc_time);
    if (!entry.filter_masks.empty()) item["filter_masks"] = masks_to_json(entry);
    datasets.push_back(std::move(item));
  }
  json root = {{"version", kVersion}, {"datasets", std::move(datasets)}};
  if (!catalog.trash.empty()) root["trash"] = catalog.trash;
  if (catalog.sweep_needed) root["sweep_needed"] = true;
  if (catalog.external_links) root["external_links"] = true;
  // Prefixes are percent-encoded ASCII; replace would only ever act on a defect.
  return root.dump(-1, ' ', true, json::error_handler_t::replace);
}

Result<Catalog> catalog_from_json(std::string_view text) {
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object() || !root.contains("version") || !root["version"].is_number_unsigned()) {
    return malformed("not a catalog");
  }
  if (root["version"].get<unsigned>() > kVersion) {
    return Status(Code::unsupported, "the catalog was written by a newer ArrayMorph (version " +
                                         std::to_string(root["version"].get<unsigned>()) +
                                         "); upgrade to read it");
  }
  Catalog catalog;
  if (!root.contains("datasets") || !root["datasets"].is_array()) return malformed("datasets");
  for (const json& item : root["datasets"]) ARRAYMORPH_TRY(read_dataset(item, catalog));
  if (root.contains("trash")) {
    if (!root["trash"].is_array()) return malformed("trash");
    for (const json& item : root["trash"]) {
      if (!item.is_string() || !safe_prefix(item.get<std::string>())) return malformed("trash");
      catalog.trash.insert(item.get<std::string>());
    }
  }
  catalog.sweep_needed = root.value("sweep_needed", json(false)) == true;
  catalog.external_links = root.value("external_links", json(false)) == true;
  return catalog;
}

}  // namespace arraymorph::vol
