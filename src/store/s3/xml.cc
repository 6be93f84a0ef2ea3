#include "store/s3/xml.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace arraymorph::store::s3 {
namespace {

// S3's answers have 4 levels; every element carries the path to it.
constexpr int kDeepest = 16;

void append_utf8(std::string& out, std::uint32_t code) {
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | (code >> 18 & 0x07));
    add(0x80 | (code >> 12 & 0x3F));
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

// `name` is what stands between '&' and ';'.
bool append_entity(std::string& out, std::string_view name) {
  constexpr std::pair<std::string_view, char> kNamed[] = {
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [known, character] : kNamed) {
    if (name == known) {
      out += character;
      return true;
    }
  }
  if (!name.starts_with('#')) return false;
  name.remove_prefix(1);
  const bool hexadecimal = name.starts_with('x');
  if (hexadecimal) name.remove_prefix(1);
  std::uint32_t code = 0;
  const auto [end, error] =
      std::from_chars(name.data(), name.data() + name.size(), code, hexadecimal ? 16 : 10);
  if (error != std::errc{} || end != name.data() + name.size()) return false;
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code == 0 || code > 0x10FFFF || surrogate) return false;
  append_utf8(out, code);
  return true;
}

std::optional<std::string> decode_text(std::string_view raw) {
  std::string text;
  while (!raw.empty()) {
    const std::size_t mark = raw.find('&');
    text += raw.substr(0, mark);
    if (mark == std::string_view::npos) break;
    const std::size_t end = raw.find(';', mark);
    if (end == std::string_view::npos) return std::nullopt;
    if (!append_entity(text, raw.substr(mark + 1, end - mark - 1))) return std::nullopt;
    raw.remove_prefix(end + 1);
  }
  return text;
}

}  // namespace

bool walk_xml(std::string_view document,
              const std::function<void(std::string_view, std::string)>& text,
              const std::function<void(std::string_view)>& close) {
  std::string path;
  int depth = 0;
  bool leaf = false;  // the element opened last has no children so far
  std::size_t text_start = 0;
  for (std::size_t at = document.find('<'); at != std::string_view::npos;
       at = document.find('<', at)) {
    const std::size_t end = document.find('>', at);
    if (end == std::string_view::npos) return false;
    std::string_view tag = document.substr(at + 1, end - at - 1);
    if (tag.starts_with('?') || tag.starts_with('!')) {
      at = end + 1;  // declaration; S3 sends neither comments nor CDATA
      continue;
    }
    if (tag.starts_with('/')) {
      if (!path.ends_with("/" + std::string(tag.substr(1)))) return false;
      if (leaf) {
        std::optional<std::string> value =
            decode_text(document.substr(text_start, at - text_start));
        if (!value) return false;
        text(path, std::move(*value));
      } else {
        close(path);
      }
      path.resize(path.size() - tag.size());
      --depth;
      leaf = false;
    } else {
      const bool empty = tag.ends_with('/');
      if (empty) tag.remove_suffix(1);
      const std::string name(tag.substr(0, tag.find_first_of(" \t\r\n")));
      if (name.empty() || name.find('/') != std::string::npos) return false;
      if (!empty && ++depth > kDeepest) return false;
      if (empty) {
        text(path + "/" + name, {});
        leaf = false;
      } else {
        path += "/" + name;
        leaf = true;
        text_start = end + 1;
      }
    }
    at = end + 1;
  }
  return path.empty();
}

}  // namespace arraymorph::store::s3
