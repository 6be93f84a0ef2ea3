#include "vol/inventory.h"

#include <algorithm>
#include <array>
#include <utility>

#include "store/probe.h"
#include "vol/emptied.h"
#include "vol/metadata_object.h"

namespace arraymorph::vol {
namespace {

constexpr std::string_view kOwnFolder = ".arraymorph/";
constexpr std::size_t kMaxRank = 32;  // H5S_MAX_RANK

struct Name {
  ObjectKind kind;
  std::string_view name;
};
constexpr std::array kNames = std::to_array<Name>({{ObjectKind::metadata, "metadata"},
                                                   {ObjectKind::chunk, "chunk"},
                                                   {ObjectKind::superseded, "superseded"},
                                                   {ObjectKind::outside, "outside"},
                                                   {ObjectKind::trash, "trash"},
                                                   {ObjectKind::orphan, "orphan"},
                                                   {ObjectKind::scratch, "scratch"},
                                                   {ObjectKind::note, "note"},
                                                   {ObjectKind::other_file, "other_file"},
                                                   {ObjectKind::unknown, "unknown"}});

// ".../c/0/1" or ".../c~<tag>/0/1" of whatever prefix and rank.
bool named_like_a_chunk(std::string_view key) {
  for (std::size_t slash = key.find("/c"); slash != std::string_view::npos;
       slash = key.find("/c", slash + 1)) {
    if (slash > 0 && names_a_chunk(key.substr(slash + 1))) return true;
  }
  return false;
}

class Classifier {
 public:
  Classifier(const std::vector<DatasetPlaces>& datasets, const std::set<std::string>& trash,
             const std::vector<ObjectInfo>& objects)
      : trash_(trash) {
    for (const DatasetPlaces& each : datasets) by_prefix_[each.prefix] = &each;
    const std::string end = std::string("/") + kMetadataKey;
    for (const ObjectInfo& object : objects) {
      has_metadata_ = has_metadata_ || object.key == kMetadataKey;
      if (object.key.ends_with(end)) {
        other_files_.insert(object.key.substr(0, object.key.size() - end.size()));
      }
    }
  }

  ListedObject classify(ObjectInfo info) const {
    ListedObject object{std::move(info), ObjectKind::unknown, std::nullopt, {}};
    const std::string& key = object.info.key;
    if (key == kMetadataKey) {
      object.kind = ObjectKind::metadata;
    } else if (folder_in(other_files_, key)) {
      object.kind = ObjectKind::other_file;
    } else if (key == kEmptiedKey) {
      object.kind = has_metadata_ ? ObjectKind::note : ObjectKind::scratch;
    } else if (key.starts_with(std::string(kOwnFolder) + std::string(store::kProbeFolder))) {
      object.kind = ObjectKind::scratch;
    } else if (key.starts_with(kOwnFolder)) {
      object.kind = ObjectKind::unknown;  // of a later version, perhaps
    } else if (const DatasetPlaces* dataset = dataset_of(key)) {
      place_in(*dataset, object);
    } else if (named_like_a_chunk(key)) {
      object.kind = folder_in(trash_, key) ? ObjectKind::trash : ObjectKind::orphan;
    }
    return object;
  }

 private:
  static bool folder_in(const std::set<std::string>& folders, const std::string& key) {
    for (std::size_t slash = key.find('/'); slash != std::string::npos;
         slash = key.find('/', slash + 1)) {
      if (folders.contains(key.substr(0, slash))) return true;
    }
    return false;
  }

  // No prefix lies inside another, so the first that fits is the one.
  const DatasetPlaces* dataset_of(const std::string& key) const {
    for (std::size_t slash = key.find('/'); slash != std::string::npos;
         slash = key.find('/', slash + 1)) {
      const auto found = by_prefix_.find(key.substr(0, slash));
      if (found != by_prefix_.end()) return found->second;
    }
    return nullptr;
  }

  static void place_in(const DatasetPlaces& dataset, ListedObject& object) {
    object.dataset = dataset.address;
    const std::string_view rest =
        std::string_view(object.info.key).substr(dataset.prefix.size() + 1);
    auto place = chunk::parse_chunk_key("", rest, dataset.chunk.size());
    if (!place) return;  // not a chunk of this dataset: unknown
    const auto tagged = dataset.tagged.find(place->index);
    const std::string live = tagged == dataset.tagged.end() ? "" : tagged->second;
    if (dataset.dims && !chunk::Grid{*dataset.dims, dataset.chunk, 1}.contains(place->index)) {
      object.kind = ObjectKind::outside;
    } else if (place->tag != live || dataset.absent.contains(place->index)) {
      object.kind = ObjectKind::superseded;
    } else {
      object.kind = ObjectKind::chunk;
    }
    object.index = std::move(place->index);
  }

  const std::set<std::string>& trash_;
  std::map<std::string, const DatasetPlaces*> by_prefix_;
  std::set<std::string> other_files_;
  bool has_metadata_ = false;
};

}  // namespace

bool names_a_chunk(std::string_view name) {
  const auto rank = static_cast<std::size_t>(std::count(name.begin(), name.end(), '/'));
  return rank > 0 && rank <= kMaxRank && chunk::parse_chunk_key("", name, rank);
}

std::string_view kind_name(ObjectKind kind) noexcept {
  for (const auto& each : kNames) {
    if (each.kind == kind) return each.name;
  }
  return "unknown";
}

bool removable(ObjectKind kind) noexcept {
  switch (kind) {
    case ObjectKind::superseded:
    case ObjectKind::outside:
    case ObjectKind::trash:
    case ObjectKind::orphan:
    case ObjectKind::scratch:
      return true;
    case ObjectKind::metadata:
    case ObjectKind::note:
    case ObjectKind::chunk:
    case ObjectKind::other_file:
    case ObjectKind::unknown:
      break;
  }
  return false;
}

std::vector<DatasetPlaces> places_of(const Catalog& catalog,
                                     const std::map<Address, chunk::Extent>& extents) {
  std::vector<DatasetPlaces> places;
  for (const auto& [address, entry] : catalog.datasets) {
    DatasetPlaces each;
    each.address = address;
    each.prefix = entry.prefix;
    each.chunk = entry.chunk;
    each.tagged = entry.records.versions;
    each.absent = entry.records.absent;
    if (const auto found = extents.find(address); found != extents.end()) {
      // A catalog that does not fit the file is reported as that, not by its chunks.
      const chunk::Grid grid{found->second, entry.chunk, 1};
      if (chunk::validate(grid).ok()) each.dims = found->second;
    }
    places.push_back(std::move(each));
  }
  return places;
}

Inventory take_inventory(const std::vector<DatasetPlaces>& datasets,
                         const std::set<std::string>& trash, std::vector<ObjectInfo> objects) {
  const Classifier classifier(datasets, trash, objects);
  Inventory inventory;
  std::map<Address, std::set<chunk::Index>> there;
  for (ObjectInfo& info : objects) {
    inventory.objects.push_back(classifier.classify(std::move(info)));
    const ListedObject& object = inventory.objects.back();
    if (object.kind == ObjectKind::chunk) there[*object.dataset].insert(object.index);
  }
  for (const DatasetPlaces& dataset : datasets) {
    const std::set<chunk::Index>& found = there[dataset.address];
    for (const auto& [index, tag] : dataset.tagged) {
      const bool needed =
          !dataset.dims || chunk::Grid{*dataset.dims, dataset.chunk, 1}.contains(index);
      if (!needed || found.contains(index)) continue;
      inventory.missing.push_back(
          {dataset.address, index, chunk::chunk_key(dataset.prefix, index, tag)});
    }
  }
  return inventory;
}

}  // namespace arraymorph::vol
