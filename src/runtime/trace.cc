#include "runtime/trace.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <memory>
#include <mutex>
#include <utility>

#include "runtime/lifecycle.h"
#include "runtime/log.h"

namespace arraymorph::trace {

std::atomic<bool> detail::enabled{false};

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBuffer = 64 << 10;
constexpr std::uint64_t kFlushAfter = 1'000'000;  // microseconds

struct Epoch {
  Clock::time_point steady = Clock::now();
  std::chrono::system_clock::time_point wall = std::chrono::system_clock::now();
};

// Forked children keep their parent's: their lines lie on one time axis.
const Epoch& epoch() {
  static const Epoch instance;
  return instance;
}

// "12.000345": the decimal point of std::printf is the locale's.
std::string seconds(std::uint64_t microseconds) {
  const std::string fraction = std::to_string(microseconds % 1'000'000);
  return std::to_string(microseconds / 1'000'000) + "." + std::string(6 - fraction.size(), '0') +
         fraction;
}

void append_json(std::string& out, std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += '"';
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if (each == '"' || each == '\\') {
      out.append(1, '\\').append(1, each);
    } else if (byte < 0x20) {
      out.append("\\u00").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    } else {
      out += each;
    }
  }
  out += '"';
}

class File final : public Participant {
 public:
  Status open(const std::string& path) {
    const std::lock_guard lock(mutex_);
    if (path == path_) return {};
    close();
    if (path.empty()) return {};
    fd_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd_ < 0) {
      return Status(Code::invalid_argument, "ARRAYMORPH_TRACE=" + path +
                                                " cannot be opened: " + std::strerror(errno) +
                                                "; name a file that may be written, or unset it");
    }
    path_ = path;
    announced_ = false;
    detail::enabled = true;
    return {};
  }

  void add(std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (fd_ < 0) return;
    if (!std::exchange(announced_, true)) {
      const auto wall =
          std::chrono::duration_cast<std::chrono::microseconds>(epoch().wall.time_since_epoch());
      buffer_ += "{\"process\": " + std::to_string(::getpid()) +
                 ", \"started\": " + seconds(static_cast<std::uint64_t>(wall.count())) + "}\n";
    }
    buffer_ += line;
    // Forked workers often end without running what is registered for the exit.
    const bool due = now() - flushed_ >= kFlushAfter || process_is_exiting() || forked_;
    if (due || buffer_.size() >= kBuffer) write_out();
  }

  void flush() {
    const std::lock_guard lock(mutex_);
    write_out();
  }

  // Participant: after everything that sends requests.
  Stage stage() const noexcept override { return Stage::libraries; }
  void stop(Deadline) override { flush(); }
  bool stopped() override { return true; }
  void before_fork() override {
    mutex_.lock();
    write_out();
  }
  void after_fork(bool child) override {
    if (child) {
      announced_ = false;
      forked_ = true;
    }
    mutex_.unlock();
  }

 private:
  void close() {
    write_out();
    detail::enabled = false;
    path_.clear();
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  // Whole lines in one piece: other processes append to the same file.
  void write_out() {
    flushed_ = now();
    std::string_view left = buffer_;
    while (fd_ >= 0 && !left.empty()) {
      const ssize_t written = ::write(fd_, left.data(), left.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        log(LogLevel::warn, "ARRAYMORPH_TRACE=" + path_ + " cannot be written: " +
                                std::strerror(errno) + "; the trace ends here");
        ::close(std::exchange(fd_, -1));
        detail::enabled = false;
        break;
      }
      left.remove_prefix(static_cast<std::size_t>(written));
    }
    buffer_.clear();
  }

  std::mutex mutex_;
  int fd_ = -1;
  std::string path_;
  std::string buffer_;
  bool announced_ = false;
  bool forked_ = false;  // this process is somebody's child
  std::uint64_t flushed_ = 0;
};

// Never destroyed: files are closed after static objects are gone.
File& file() {
  static const std::shared_ptr<File>& instance = *new std::shared_ptr<File>([] {
    auto made = std::make_shared<File>();
    enroll(made);
    return made;
  }());
  return *instance;
}

}  // namespace

Status write_to(const std::string& path) {
  if (path.empty() && !on()) return {};  // most programs: nothing is made
  epoch();
  return file().open(path);
}

std::uint64_t now() noexcept {
  const auto passed = Clock::now() - epoch().steady;
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(passed).count());
}

void flush() noexcept {
  if (on()) file().flush();
}

Line::Line(std::string_view verb) {
  line_.reserve(256);
  line_ = "{\"pid\": " + std::to_string(::getpid());
  text("verb", verb);
}

Line& Line::key(std::string_view key) {
  line_.append(", \"").append(key).append("\": ");
  return *this;
}

Line& Line::text(std::string_view key, std::string_view value) {
  this->key(key);
  append_json(line_, value);
  return *this;
}

Line& Line::number(std::string_view key, std::uint64_t value) {
  return raw(key, std::to_string(value));
}

Line& Line::raw(std::string_view key, std::string_view json) {
  this->key(key);
  line_ += json;
  return *this;
}

void Line::write(std::uint64_t start) {
  raw("start", seconds(start)).raw("end", seconds(now()));
  line_ += "}\n";
  file().add(line_);
}

}  // namespace arraymorph::trace
