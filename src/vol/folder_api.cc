// The part of arraymorph/api.h that is about folders of a store, not about one file.
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "arraymorph/api.h"
#include "store/open.h"
#include "vfd/image.h"
#include "vol/answer.h"
#include "vol/metadata_object.h"

namespace arraymorph::vol {
namespace {

using nlohmann::json;

constexpr std::size_t kUnderWay = 256;  // requests at a time

struct Folder {
  std::shared_ptr<ObjectStore> store;
  std::string prefix;  // "" or with a '/' at the end

  std::string url() const { return store->url() + "/" + prefix; }
};

/// A folder is where a file of it would lie.
Result<Folder> locate_folder(std::string name) {
  ARRAYMORPH_ASSIGN(const Config config, config_from_environment());
  while (name.ends_with('/') && !name.ends_with("//")) name.pop_back();
  const std::string file = name.empty() ? "x" : name.ends_with('/') ? name + "x" : name + "/x";
  ARRAYMORPH_ASSIGN(const auto location, store::locate(file, config));
  if (!location) {
    return Status(
        Code::invalid_argument,
        (name.empty() ? "no store is configured" : "'" + name + "' is not in an object store") +
            std::string(": write s3://bucket/folder or file:///directory, or set "
                        "BUCKET_NAME"));
  }
  ARRAYMORPH_ASSIGN(auto store, store::open_store(*location, config));
  return Folder{std::move(store), location->key.substr(0, location->key.size() - 1)};
}

Result<std::vector<std::string>> read_keys(const char* text, const Folder& folder) {
  const json root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  std::vector<std::string> keys;
  for (const json& each : root.is_array() ? root : json::array({nullptr})) {
    if (!each.is_string()) return Status(Code::invalid_argument, "the keys are no array of text");
    keys.push_back(folder.prefix + each.get<std::string>());
  }
  return keys;
}

Result<std::string> list_below(const char* name, const char* options) {
  ARRAYMORPH_ASSIGN(const Folder folder, locate_folder(name));
  const json wanted = options == nullptr ? json::object() : json::parse(options, nullptr, false);
  if (!wanted.is_object()) return Status(Code::invalid_argument, "the options are no JSON object");
  Result<ListReply> reply = Status(Code::internal, "not listed");
  if (wanted.value("recursive", false)) {
    ListRequest request{folder.prefix, wanted.value("after", "")};
    if (!request.after.empty()) request.after.insert(0, folder.prefix);
    reply = list(*folder.store, std::move(request));
  } else {
    reply = list_folder(*folder.store, folder.prefix);
  }
  if (!reply.ok()) return reply.status();
  const auto below = [&](const std::string& key) { return key.substr(folder.prefix.size()); };
  json answer{{"url", folder.url()}, {"objects", json::array()}, {"folders", json::array()}};
  for (const ObjectInfo& object : reply->objects) {
    answer["objects"].push_back({below(object.key), object.size, object.modified, object.etag});
  }
  for (const std::string& each : reply->prefixes) answer["folders"].push_back(below(each));
  answer["next"] = reply->next.empty() ? "" : below(reply->next);
  return text_of(answer);
}

/// As many first bytes as hold a superblock behind a user block of up to 4096 bytes.
constexpr std::uint64_t kLookedAt = 4096 + 48;

/// Asks what entries of a folder are, so many at a time; answers arrive on other threads.
class Looking : public std::enable_shared_from_this<Looking> {
 public:
  Looking(const Folder& folder, std::size_t count) : folder_(folder), answers_(count) {}

  void ask(std::size_t number, const std::string& key) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return under_way_ < kUnderWay; });
      ++under_way_;
      answers_[number] = {{"key", key.substr(folder_.prefix.size())}};
    }
    if (key.ends_with('/')) {
      folder_.store->head(key + std::string(kMetadataKey), [self = shared_from_this(), number](
                                                               const Result<ObjectInfo>& info) {
        json found{{"layout", "chunks"}};
        if (info.ok()) {
          found.update({{"size", info->size}, {"etag", info->etag}, {"modified", info->modified}});
        }
        self->take(number, info.status(), std::move(found));
      });
    } else {
      GetRequest request{key, ByteRange{0, kLookedAt}, {}};
      folder_.store->get(
          std::move(request), [self = shared_from_this(), number](const Result<GetReply>& reply) {
            json found{{"layout", "other"}};
            if (reply.ok()) {
              found = {{"layout", vfd::find_superblock(reply->body.span()) ? "plain" : "other"},
                       {"size", reply->object_size},
                       {"etag", reply->etag}};
            }
            self->take(number, reply.status(), std::move(found));
          });
    }
  }

  std::string wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return under_way_ == 0; });
    return text_of(answers_);
  }

 private:
  void take(std::size_t number, const Status& status, json found) {
    if (status.code() == Code::not_found) {
      found["layout"] = "missing";
    } else if (status.code() != Code::invalid_argument &&
               !status.ok()) {  // empty objects have none
      found["error"] = status.message();
    }
    const std::lock_guard lock(mutex_);
    answers_[number].update(found);
    --under_way_;
    changed_.notify_all();
  }

  const Folder& folder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t under_way_ = 0;
  std::vector<json> answers_;
};

Result<std::string> look_at(const char* name, const char* entries) {
  ARRAYMORPH_ASSIGN(const Folder folder, locate_folder(name));
  ARRAYMORPH_ASSIGN(const auto keys, read_keys(entries, folder));
  const auto looking = std::make_shared<Looking>(folder, keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) looking->ask(i, keys[i]);
  return looking->wait();
}

Result<std::string> remove_from(const char* name, const char* text) {
  ARRAYMORPH_ASSIGN(const Folder folder, locate_folder(name));
  ARRAYMORPH_ASSIGN(auto keys, read_keys(text, folder));
  const std::size_t count = keys.size();
  ARRAYMORPH_TRY(remove(*folder.store, std::move(keys)));
  return text_of({{"removed", count}});
}

}  // namespace
}  // namespace arraymorph::vol

using namespace arraymorph::vol;

extern "C" {

int arraymorph_list(const char* name, const char* options, char** answer) {
  return answer_with(answer, [&] { return list_below(name, options); });
}

int arraymorph_look_at(const char* name, const char* entries, char** answer) {
  return answer_with(answer, [&] { return look_at(name, entries); });
}

int arraymorph_remove_from(const char* name, const char* keys, char** answer) {
  return answer_with(answer, [&] { return remove_from(name, keys); });
}
}
