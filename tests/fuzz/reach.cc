// Names that stand in files: whatever they are, a file leads to its own store and to what is
// allowed.
#include "store/reach.h"

#include <array>

#include "fuzz/input.h"
#include "store/key.h"

using namespace arraymorph;

namespace {

constexpr std::array kFiles = {
    "s3://bucket/a/b/m.h5", "s3://bucket/m.h5",         "https://h.example.org/a/m.h5?sig=x/y",
    "http://h:8080/m.h5",   "file:///no/where/a/m.h5",  "file:///m.h5",
    "memory://store/m.h5",  "file:///no/root/a/b/m.h5", "a/m.h5"};
constexpr std::array kAllowed = {"s3://allowed/", "s3://lab/public/", "https://allowed.org/data/",
                                 "file:///no/allowed/", "memory://allowed/"};

/// Written anew and without the code under test: is the URL plainly below the prefix?
bool plainly_below(const std::string& url, const std::string& prefix) {
  const std::string whole = url + "/";
  return whole.starts_with(prefix) && whole.find("/../") == std::string::npos;
}

std::string own_store(const store::Location& file) {
  const std::string url = file.url();
  if (file.kind == store::Location::Kind::local) {
    return "file://" + (file.container == "/" ? "" : file.container) + "/";
  }
  return url.substr(0, url.find('/', url.find("://") + 3) + 1);
}

void check(const store::Location& file, const store::Location& target, const Config& config) {
  fuzz::require(store::check_key(target.key).ok() || target.kind == store::Location::Kind::http,
                "a key that no store accepts");
  if (!store::may_reach(file, target, config).ok()) return;
  const std::string url = target.kind == store::Location::Kind::http
                              ? target.identity().substr(0, target.identity().find('?'))
                              : target.url();
  if (target.kind == file.kind && target.kind != store::Location::Kind::local &&
      target.kind != store::Location::Kind::http) {
    if (target.container == file.container) return;
  }
  if (target.kind == store::Location::Kind::http && file.kind == target.kind) return;  // see below
  bool below = plainly_below(url, own_store(file));
  for (const std::string& prefix : config.allow_links) below |= plainly_below(url, prefix);
  fuzz::require(below, "a file leads to what is not allowed");
}

/// Host names have several spellings: of another host no letter may be right.
void check_origin(const store::Location& file, const store::Location& target,
                  const Config& config) {
  if (file.kind != store::Location::Kind::http || target.kind != file.kind) return;
  if (!store::may_reach(file, target, config).ok()) return;
  std::string host = target.container.substr(target.container.find("://") + 3);
  for (char& c : host) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  const bool known = host.starts_with("h.example.org") || host.starts_with("h:8080") ||
                     host.starts_with("allowed.org");
  const std::size_t end = host.find_last_not_of("0123456789");
  fuzz::require(known && (end + 1 == host.size() || host[end] == ':' || host == "h:8080"),
                "a file leads to another host");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  Config config;
  config.platform = static_cast<Platform>(input.up_to(3));
  if (input.byte() % 2 == 0) config.bucket = "bucket";
  if (input.byte() % 2 == 0) config.root = "/no/root";
  if (input.byte() % 2 == 0) config.allow_links.assign(kAllowed.begin(), kAllowed.end());
  const std::string name = kFiles.at(input.up_to(kFiles.size() - 1));
  const auto file = store::locate(name, config);
  if (!file.ok() || !*file) return 0;
  const auto found =
      store::meanings(input.rest_text(), {**file, name, "/no/working/directory"}, config);
  if (!found.ok()) return 0;
  fuzz::require(!found->empty(), "a name that means nothing and is no error");
  for (const store::Meaning& meaning : *found) {
    check(**file, meaning.location, config);
    check_origin(**file, meaning.location, config);
  }
  return 0;
}
