// Between text and the bodies of requests.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "arraymorph/buffer.h"

namespace arraymorph::test {

inline std::shared_ptr<const Buffer> bytes(std::string_view text) {
  return std::make_shared<const Buffer>(
      Buffer::copy_of({reinterpret_cast<const std::byte*>(text.data()), text.size()}));
}

inline std::string text(const Buffer& buffer) {
  return {reinterpret_cast<const char*>(buffer.data()), buffer.size()};
}

}  // namespace arraymorph::test
