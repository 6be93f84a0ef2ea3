#include "store/verdict_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <system_error>

#include "runtime/checksum.h"

namespace arraymorph::store {
namespace {

using nlohmann::json;

constexpr std::int64_t kMaxAge = std::int64_t{30} * 24 * 3600;  // seconds
constexpr std::size_t kMaxBytes = 64 << 10;

std::string path_of(const std::string& directory, const std::string& identity) {
  // The content names the server in full, so that two of one checksum are told apart.
  std::array<char, 9> sum{};
  std::snprintf(sum.data(), sum.size(), "%08x", crc32c(std::as_bytes(std::span(identity))));
  return directory + "/conditions-" + sum.data() + ".json";
}

std::string read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return {};
  std::string text(kMaxBytes, '\0');
  std::size_t size = 0;
  for (ssize_t got = 1; got > 0 && size < text.size(); size += static_cast<std::size_t>(got)) {
    got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0) got = 0;
  }
  ::close(fd);
  text.resize(size);
  return text;
}

bool write_file(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::optional<ConditionReport> load_verdict(const std::string& directory,
                                            const std::string& identity) {
  if (directory.empty()) return std::nullopt;
  const json found =
      json::parse(read_file(path_of(directory, identity)), nullptr, /*allow_exceptions=*/false);
  if (!found.is_object() || found.value("probe", json()) != kProbeVersion ||
      found.value("server", json()) != identity) {
    return std::nullopt;
  }
  const json time = found.value("time", json());
  const json verdict = found.value("verdict", json());
  const json words = found.value("words", json());
  if (!time.is_number_integer() || !verdict.is_string() || !words.is_string()) return std::nullopt;
  const std::int64_t age = std::time(nullptr) - time.get<std::int64_t>();
  if (age < 0 || age > kMaxAge) return std::nullopt;
  ConditionReport report;
  report.verdict = conditions_from_name(verdict.get<std::string>());
  report.words = words.get<std::string>();
  report.reached = true;
  if (report.verdict == Conditions::unknown) return std::nullopt;
  return report;
}

namespace {

// What is too old to count, of servers that are asked no more, and drafts of processes that died.
void remove_old(const std::string& directory) {
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string path = entry->path();
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    if (!name.starts_with("conditions-") && !name.starts_with(".conditions-")) continue;
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (std::time(nullptr) - info.st_mtime > kMaxAge) ::unlink(path.c_str());
  }
}

}  // namespace

void save_verdict(const std::string& directory, const std::string& identity,
                  const ConditionReport& report) {
  if (directory.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  const json content{{"probe", kProbeVersion},
                     {"server", identity},
                     {"time", static_cast<std::int64_t>(std::time(nullptr))},
                     {"verdict", conditions_name(report.verdict)},
                     {"words", report.words}};
  remove_old(directory);
  std::string draft = directory + "/.conditions-XXXXXX";
  const int fd = ::mkstemp(draft.data());  // mode 0600
  if (fd < 0) return;
  const bool written =
      write_file(fd, content.dump(2, ' ', true, json::error_handler_t::replace) + "\n");
  if (::close(fd) != 0 || !written ||
      ::rename(draft.c_str(), path_of(directory, identity).c_str()) != 0) {
    ::unlink(draft.c_str());
  }
}

}  // namespace arraymorph::store
