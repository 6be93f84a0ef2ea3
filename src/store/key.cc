#include "store/key.h"

#include "runtime/log.h"

namespace arraymorph::store {

Status check_key(std::string_view key) {
  const auto refuse = [&](const char* why) {
    return Status(Code::invalid_argument, "key '" + std::string(key) + "' " + why);
  };
  if (key.find('\0') != std::string_view::npos) return refuse("contains NUL");
  for (std::string_view rest = key;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment.empty()) return refuse("has an empty segment");
    if (segment == "." || segment == "..") return refuse("has a '.' or '..' segment");
    if (slash == std::string_view::npos) return Status();
    rest.remove_prefix(slash + 1);
  }
}

std::string shown_url(const std::string& root, std::string_view key) {
  std::string url = root + "/" + std::string(key);
  return root.starts_with("http") ? without_secrets(url) : url;
}

}  // namespace arraymorph::store
