#include "vol/tell.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>

#include "hdf5/caller.h"
#include "runtime/log.h"

namespace arraymorph::vol {
namespace {

using Told = std::pair<std::string, Code>;

constexpr std::size_t kRemembered = 64;

struct Memory {
  std::mutex mutex;
  std::deque<Told> told;
};

Memory& memory() {
  static auto* const instance = new Memory;
  return *instance;
}

bool is_new(Told failure) {
  auto& [mutex, told] = memory();
  const std::lock_guard lock(mutex);
  if (std::find(told.begin(), told.end(), failure) != told.end()) return false;
  told.push_back(std::move(failure));
  if (told.size() > kRemembered) told.pop_front();
  return true;
}

}  // namespace

void tell(const std::string& file, const Status& failure) {
  if (hdf5::caller_shows_errors() || !is_new({file, failure.code()})) return;
  log(LogLevel::warn, failure.message());
}

void tell_anew(const std::string& file) {
  auto& [mutex, told] = memory();
  const std::lock_guard lock(mutex);
  std::erase_if(told, [&](const Told& each) { return each.first == file; });
}

}  // namespace arraymorph::vol
