// The commit that a file's name leads to by now, for arrays that find objects missing.
#include <algorithm>

#include "vol/file_state.h"
#include "vol/find_file.h"

namespace arraymorph::vol {
namespace {

Status removed(const std::string& url) {
  return {Code::conflict, url + " was removed since it was opened here"};
}

Status untold(const std::string& url, const Status& why) {
  return why.with_context("cannot tell whether " + url + " is still the file that was opened");
}

}  // namespace

Status FileState::look() {
  const auto now = head(*store(), key_prefix_ + kMetadataKey);
  if (!now.ok()) {
    return now.status().code() == Code::not_found ? removed(url_) : untold(url_, now.status());
  }
  if (now->etag == etag_) {
    later_.reset();
    return {};
  }
  if (later_ && later_->etag == now->etag) return {};
  auto loaded = load(*store(), opening_->location);
  if (!loaded.ok()) {
    return loaded.status().code() == Code::not_found ? removed(url_)
                                                     : untold(url_, loaded.status());
  }
  later_ = Later{std::move(loaded->etag), std::move(loaded->metadata.catalog)};
  return {};
}

const chunk::Records* FileState::records_of(const std::string& prefix) const {
  const Catalog& catalog = later_ ? later_->catalog : committed_catalog_;
  const auto found =
      std::find_if(catalog.datasets.begin(), catalog.datasets.end(),
                   [&](const auto& each) { return key_prefix_ + each.second.prefix == prefix; });
  return found == catalog.datasets.end() ? nullptr : &found->second.records;
}

}  // namespace arraymorph::vol
