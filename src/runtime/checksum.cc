#include "runtime/checksum.h"

#include <aws/checksums/crc.h>

namespace arraymorph {

std::uint32_t crc32c(ConstByteSpan bytes, std::uint32_t before) noexcept {
  return aws_checksums_crc32c_ex(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(),
                                 before);
}

}  // namespace arraymorph
