#include "runtime/config/profile.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

namespace arraymorph::config {
namespace {

constexpr std::string_view kSpace = " \t\r";
constexpr std::string_view kProfile = "profile ";
constexpr std::string_view kSet = "(set)";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// As the AWS tools write comments behind a value: with a blank before.
std::string_view without_comment(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool mark = text[i] == '#' || text[i] == ';';
    if (mark && kSpace.find(text[i - 1]) != std::string_view::npos) return trim(text.substr(0, i));
  }
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// "profile  'my lab'" as "profile my lab".
std::string section_name(std::string_view text, bool credentials_file) {
  text = trim(text);
  if (credentials_file || text == "default") return std::string(kProfile) + std::string(text);
  const std::size_t blank = text.find_first_of(kSpace);
  if (blank == std::string_view::npos) return std::string(text);
  std::string_view name = trim(text.substr(blank));
  if (name.size() > 1 && name.front() == name.back() && (name[0] == '"' || name[0] == '\'')) {
    name = name.substr(1, name.size() - 2);
  }
  return std::string(text.substr(0, blank)) + " " + std::string(name);
}

// The engine reads these itself; here it counts only that they are there.
bool is_credential(std::string_view property) {
  return property == "aws_access_key_id" || property == "aws_secret_access_key" ||
         property == "aws_session_token";
}

class Parser {
 public:
  explicit Parser(bool credentials_file) : credentials_file_(credentials_file) {}

  Status line(std::string_view line) {
    ++number_;
    const std::string_view text = trim(line);
    if (text.empty() || text.front() == '#' || text.front() == ';') return Status();
    const bool indented = kSpace.find(line.front()) != std::string_view::npos;
    if (indented && section_ != nullptr && !property_.empty()) return nested(text);
    return text.front() == '[' ? section(text) : property(text);
  }

  Sections take() { return std::move(sections_); }

 private:
  Status wrong(const char* why) const {
    return Status(Code::invalid_argument, "line " + std::to_string(number_) + ": " + why);
  }

  Status section(std::string_view text) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return wrong("the section has no ']'");
    section_ = &sections_[section_name(text.substr(1, end - 1), credentials_file_)];
    property_.clear();
    return Status();
  }

  Status property(std::string_view text) {
    const std::size_t mark = text.find('=');
    if (mark == std::string_view::npos) return wrong("there is no '='");
    if (section_ == nullptr) return wrong("the setting stands before the first [section]");
    property_ = lower(trim(text.substr(0, mark)));
    std::string_view value = without_comment(trim(text.substr(mark + 1)));
    if (is_credential(property_) && !value.empty()) value = kSet;
    (*section_)[property_] = value;
    return Status();
  }

  // What follows a value that is not empty goes on with it: of no setting that counts here.
  Status nested(std::string_view text) {
    if (!(*section_)[property_].empty()) return Status();
    const std::size_t mark = text.find('=');
    if (mark == std::string_view::npos) return wrong("there is no '='");
    const std::string name = property_ + "." + lower(trim(text.substr(0, mark)));
    (*section_)[name] = without_comment(trim(text.substr(mark + 1)));
    return Status();
  }

  const bool credentials_file_;
  unsigned number_ = 0;
  Sections sections_;
  std::map<std::string, std::string>* section_ = nullptr;
  std::string property_;
};

struct File {
  bool named = false;  // by a variable
  std::string path;    // as it is opened
  std::string shown;   // as users write it
  Sections sections;
};
using Shared = std::shared_ptr<const File>;

struct Cached {
  ino_t inode = 0;
  off_t size = 0;
  timespec changed{};
  Shared file;

  bool same(const struct stat& info) const {
#ifdef __APPLE__
    const timespec now = info.st_mtimespec;
#else
    const timespec now = info.st_mtim;
#endif
    return info.st_ino == inode && info.st_size == size && now.tv_sec == changed.tv_sec &&
           now.tv_nsec == changed.tv_nsec;
  }
  void remember(const struct stat& info) {
    inode = info.st_ino;
    size = info.st_size;
#ifdef __APPLE__
    changed = info.st_mtimespec;
#else
    changed = info.st_mtim;
#endif
  }
};

struct Cache {
  std::mutex mutex;
  std::map<std::pair<bool, std::string>, Cached> files;  // one file may be both
};

Cache& cache() {
  static Cache* const instance = new Cache;
  return *instance;
}

File locate(const char* variable, const char* usual) {
  File file;
  file.shown = environment(variable);
  file.named = !file.shown.empty();
  if (!file.named) file.shown = usual;
  file.path = file.shown;
  const std::string home = environment("HOME");
  if (file.path.starts_with("~/")) file.path = home.empty() ? "" : home + file.path.substr(1);
  return file;
}

Status unreadable(const File& file, const std::string& why) {
  return Status(Code::invalid_argument, file.shown + " cannot be read: " + why);
}

Result<Shared> read(File file, bool credentials_file) {
  struct stat info{};
  if (file.path.empty() || ::stat(file.path.c_str(), &info) != 0) {
    // Containers run programs whose HOME is that of root: for the AWS tools there is nothing then.
    if (file.named && errno != ENOENT && errno != ENOTDIR) {
      return unreadable(file, std::strerror(errno));
    }
    return std::make_shared<const File>(std::move(file));
  }
  if (S_ISCHR(info.st_mode)) return std::make_shared<const File>(std::move(file));  // /dev/null
  if (!S_ISREG(info.st_mode)) return unreadable(file, "it is no file");
  Cache& all = cache();
  const std::lock_guard lock(all.mutex);
  Cached& cached = all.files[{credentials_file, file.path}];
  if (cached.file != nullptr && cached.same(info)) return cached.file;
  errno = 0;
  std::ifstream in(file.path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return unreadable(file, std::strerror(errno));
  auto sections = parse_profiles(text, credentials_file);
  if (!sections.ok()) {
    return Status(Code::invalid_argument,
                  file.shown + " is not understood: " + sections.status().message());
  }
  file.sections = std::move(*sections);
  cached.remember(info);
  cached.file = std::make_shared<const File>(std::move(file));
  return cached.file;
}

// Where the profile has the setting; the credentials file goes before, as for the AWS tools.
class Lookup {
 public:
  Lookup(std::string section, Shared config, Shared credentials)
      : section_(std::move(section)), files_{std::move(credentials), std::move(config)} {}

  bool exists() const {
    return std::any_of(std::begin(files_), std::end(files_),
                       [&](const Shared& file) { return file->sections.contains(section_); });
  }

  Setting find(const std::string& name) const {
    for (const Shared& file : files_) {
      const auto section = file->sections.find(section_);
      if (section == file->sections.end()) continue;
      const auto found = section->second.find(name);
      if (found != section->second.end() && !found->second.empty()) {
        return {found->second, section_ + " in " + file->shown};
      }
    }
    return {};
  }

 private:
  const std::string section_;
  const Shared files_[2];
};

void read_credentials(const Lookup& lookup, Profile& profile) {
  const Setting key = lookup.find("aws_access_key_id");
  const Setting secret = lookup.find("aws_secret_access_key");
  if (key.value.empty() != secret.value.empty()) {
    profile.half_a_key = (key.value.empty() ? secret : key).source + " has " +
                         (key.value.empty() ? "aws_secret_access_key but no aws_access_key_id"
                                            : "aws_access_key_id but no aws_secret_access_key");
  }
  constexpr std::pair<const char*, const char*> kKinds[] = {{"role_arn", "a role"},
                                                            {"aws_access_key_id", "a key"},
                                                            {"credential_process", "a program"},
                                                            {"sso_session", "single sign-on"},
                                                            {"sso_account_id", "single sign-on"}};
  for (const auto& [name, kind] : kKinds) {
    if (Setting found = lookup.find(name); !found.value.empty()) {
      profile.credentials = {kind, found.source};
      return;
    }
  }
}

}  // namespace

Result<Sections> parse_profiles(std::string_view text, bool credentials_file) {
  Parser parser(credentials_file);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    ARRAYMORPH_TRY(parser.line(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parser.take();
}

Result<Profile> read_profile(const std::string& name) {
  ARRAYMORPH_ASSIGN(const Shared config, read(locate("AWS_CONFIG_FILE", "~/.aws/config"), false));
  ARRAYMORPH_ASSIGN(const Shared credentials,
                    read(locate("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"), true));
  const Lookup lookup(std::string(kProfile) + name, config, credentials);
  Profile profile;
  profile.name = name;
  profile.exists = lookup.exists();
  profile.files = config->shown + " and " + credentials->shown;
  std::set<std::string> names;
  for (const Shared& file : {config, credentials}) {
    for (const auto& [section, settings] : file->sections) {
      if (section.starts_with(kProfile)) names.insert(section.substr(kProfile.size()));
    }
  }
  profile.others.assign(names.begin(), names.end());
  profile.region = lookup.find("region");
  profile.addressing_style = lookup.find("s3.addressing_style");
  profile.ca_bundle = lookup.find("ca_bundle");
  profile.ignore_endpoints = lookup.find("ignore_configured_endpoint_urls");
  if (const Setting services = lookup.find("services"); !services.value.empty()) {
    const Lookup section("services " + services.value, config, credentials);
    if (!section.exists()) {
      return Status(Code::invalid_argument, services.source + " says services = " + services.value +
                                                ", but there is no [services " + services.value +
                                                "]");
    }
    profile.endpoint = section.find("s3.endpoint_url");
  }
  if (profile.endpoint.value.empty()) profile.endpoint = lookup.find("endpoint_url");
  read_credentials(lookup, profile);
  return profile;
}

}  // namespace arraymorph::config
