// How settings are read and refused; shared by what reads them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "arraymorph/status.h"

namespace arraymorph::config {

/// Empty when the variable is not set: `NAME=` in a file of settings means the same.
std::string environment(const char* name);

/// The first of the variables that is set; both empty when none is.
struct Setting {
  std::string value;
  std::string source;
};
Setting first_of(std::initializer_list<const char*> names);

/// "NAME=value is not understood; allowed: ...".
Status refuse(std::string_view name, std::string_view value, std::string_view allowed);

bool equal_any_case(std::string_view text, std::string_view name);
/// A whole number, also with K, M or G (KB, KiB, ...) behind.
std::optional<std::uint64_t> parse_size(std::string_view text);
Result<bool> parse_flag(std::string_view name, const std::string& text);

/// Leaves `number` as it is when the variable is not set; true: it is set.
template <class Number>
Result<bool> read_number(const char* name, std::uint64_t least, std::uint64_t most,
                         Number& number) {
  const std::string text = environment(name);
  if (text.empty()) return false;
  const std::optional<std::uint64_t> value = parse_size(text);
  if (!value || *value < least || *value > most) {
    return refuse(name, text,
                  "whole numbers from " + std::to_string(least) + " to " + std::to_string(most) +
                      ", also with K, M or G behind");
  }
  number = static_cast<Number>(*value);
  return true;
}

/// `names` in the order of the enumeration.
template <class Value>
Status read_choice(const char* name, std::initializer_list<const char*> names, Value& value) {
  const std::string text = environment(name);
  if (text.empty()) return Status();
  std::string allowed;
  int number = 0;
  for (const char* each : names) {
    if (equal_any_case(text, each)) {
      value = static_cast<Value>(number);
      return Status();
    }
    ++number;
    allowed.append(allowed.empty() ? "" : ", ").append(each);
  }
  return refuse(name, text, allowed);
}

}  // namespace arraymorph::config
