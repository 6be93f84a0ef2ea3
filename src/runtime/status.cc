#include "arraymorph/status.h"

#include <cerrno>

namespace arraymorph {

std::string_view code_name(Code code) noexcept {
  switch (code) {
    case Code::ok:
      return "ok";
    case Code::not_found:
      return "not found";
    case Code::already_exists:
      return "already exists";
    case Code::permission_denied:
      return "permission denied";
    case Code::invalid_argument:
      return "invalid argument";
    case Code::conflict:
      return "conflict";
    case Code::unavailable:
      return "unavailable";
    case Code::out_of_space:
      return "out of space";
    case Code::too_large:
      return "too large";
    case Code::corrupt:
      return "corrupt";
    case Code::unsupported:
      return "unsupported";
    case Code::internal:
      return "internal error";
  }
  return "unknown";
}

int code_errno(Code code) noexcept {
  switch (code) {
    case Code::ok:
      return 0;
    case Code::not_found:
      return ENOENT;
    case Code::already_exists:
      return EEXIST;
    case Code::permission_denied:
      return EACCES;
    case Code::invalid_argument:
      return EINVAL;
    case Code::out_of_space:
      return ENOSPC;
    case Code::too_large:
      return EFBIG;
    case Code::unsupported:
      return ENOTSUP;
    case Code::conflict:
    case Code::unavailable:
    case Code::corrupt:
    case Code::internal:
      break;
  }
  return EIO;
}

Status Status::with_context(std::string_view context) const {
  if (ok()) return *this;
  std::string message(context);
  if (!message_.empty()) message.append(": ").append(message_);
  return Status(code_, std::move(message), error_);
}

}  // namespace arraymorph
