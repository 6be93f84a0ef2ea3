#include "store/empty_folders.h"

#include <utility>
#include <vector>

namespace arraymorph::store {
namespace {

class Emptier {
 public:
  Emptier(ObjectStore& store, const std::string& root, std::set<std::string>& folders,
          const std::function<bool(std::string_view name)>& expected)
      : store_(store), root_(root), folders_(folders), expected_(expected) {}

  Status run() {
    while (!folders_.empty()) {
      const std::string& first = *folders_.begin();
      if (!after_.starts_with(first)) after_ = first;
      ListRequest request;
      request.prefix = together_ ? root_ : first;
      request.after = after_;
      ARRAYMORPH_ASSIGN(const ListReply page, list(store_, std::move(request)));
      ARRAYMORPH_TRY(remove_of(page));
      const std::size_t before = folders_.size();
      pass(page);
      // Where much else lies between them, each is listed by itself.
      together_ = together_ && before - folders_.size() > 1;
    }
    return {};
  }

 private:
  Status remove_of(const ListReply& page) {
    std::vector<std::string> keys;
    for (const ObjectInfo& object : page.objects) {
      const auto next = folders_.upper_bound(object.key);
      if (next == folders_.begin()) continue;
      const std::string& folder = *std::prev(next);
      const std::string_view key = object.key;
      if (key.starts_with(folder) && expected_(key.substr(folder.size()))) {
        keys.push_back(object.key);
      }
    }
    return keys.empty() ? Status() : remove(store_, std::move(keys));
  }

  // Forgets the folders that the page has shown to their end.
  void pass(const ListReply& page) {
    if (page.next.empty()) {
      const auto end = together_ ? folders_.end() : std::next(folders_.begin());
      folders_.erase(folders_.begin(), end);
      return;
    }
    after_ = page.next;
    while (!folders_.empty() && *folders_.begin() < after_ &&
           !after_.starts_with(*folders_.begin())) {
      folders_.erase(folders_.begin());
    }
  }

  ObjectStore& store_;
  const std::string& root_;
  std::set<std::string>& folders_;
  const std::function<bool(std::string_view name)>& expected_;
  std::string after_;
  bool together_ = true;
};

}  // namespace

Status empty_folders(ObjectStore& store, const std::string& root, std::set<std::string>& folders,
                     const std::function<bool(std::string_view name)>& expected) {
  return Emptier(store, root, folders, expected).run();
}

}  // namespace arraymorph::store
