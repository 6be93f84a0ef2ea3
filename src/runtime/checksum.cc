#include "runtime/checksum.h"

#include <aws/checksums/crc.h>

namespace arraymorph {

std::uint32_t crc32c(ConstByteSpan bytes) noexcept {
  return aws_checksums_crc32c_ex(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(),
                                 0);
}

}  // namespace arraymorph
