#include "store/s3/tls_cause.h"

#include <aws/common/logging.h>
#include <aws/io/logging.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string_view>

namespace arraymorph::store::s3 {
namespace {

struct Cause {
  std::mutex mutex;
  std::array<char, 256> text{};
};

Cause& cause() {
  static Cause* const instance = new Cause;
  return *instance;
}

// "id=0x..: negotiation failed with error <cause> (<place in the sources>)"
int listen(aws_logger*, aws_log_level, aws_log_subject_t, const char* format, ...) {
  constexpr const char* kBefore = "negotiation failed with error ";
  std::array<char, 512> line{};
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line.data(), line.size(), format, arguments);
  va_end(arguments);
  const char* const found = std::strstr(line.data(), kBefore);
  if (found == nullptr) return AWS_OP_SUCCESS;
  std::string_view text = found + std::strlen(kBefore);
  text = text.substr(0, text.find(" ("));
  Cause& last = cause();
  const std::lock_guard lock(last.mutex);
  const std::size_t size = text.copy(last.text.data(), last.text.size() - 1);
  last.text[size] = '\0';
  return AWS_OP_SUCCESS;
}

aws_log_level level(aws_logger*, aws_log_subject_t subject) {
  return subject == AWS_LS_IO_TLS ? AWS_LL_WARN : AWS_LL_NONE;
}

void clean_up(aws_logger*) {}
int set_level(aws_logger*, aws_log_level) { return AWS_OP_SUCCESS; }

}  // namespace

void listen_for_tls_causes() {
  static aws_logger_vtable calls{listen, level, clean_up, set_level};
  static aws_logger logger{&calls, aws_default_allocator(), nullptr};
  aws_logger_set(&logger);
}

std::string last_tls_cause() {
  Cause& last = cause();
  const std::lock_guard lock(last.mutex);
  return last.text.data();
}

}  // namespace arraymorph::store::s3
