// What every fuzz target shares: values taken from the input, and how a wrong result is reported.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "arraymorph/buffer.h"

/// One run of the target; libFuzzer's entry, and replay.cc's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace arraymorph::fuzz {

/// Ends the process where `holds` is false, which libFuzzer and ctest take for a finding.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "wrong result: %s\n", what);
  std::abort();
}

/// Takes the bytes of an input from the front; past the end everything is 0.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

  /// Little-endian.
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes && !rest_.empty(); ++i) {
      value |= std::uint64_t{rest_.front()} << (8 * i);
      rest_ = rest_.subspan(1);
    }
    return value;
  }

  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  /// From 0 to `most`, which is at most 255.
  std::uint64_t up_to(std::uint64_t most) { return byte() % (most + 1); }

  std::string text(std::size_t most) {
    const std::size_t size = std::min(most, rest_.size());
    std::string text(reinterpret_cast<const char*>(rest_.data()), size);
    rest_ = rest_.subspan(size);
    return text;
  }

  ConstByteSpan rest() const { return std::as_bytes(rest_); }
  std::string_view rest_text() const {
    return {reinterpret_cast<const char*>(rest_.data()), rest_.size()};
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace arraymorph::fuzz
