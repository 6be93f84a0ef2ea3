// RequestCounter: reads the client's side of an HTTP/1.1 connection and counts requests by method.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

class RequestCounter {
 public:
  using Counts = std::map<std::string, unsigned long long>;

  /// The next bytes that the client sent.
  void add(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t body = std::min<std::uint64_t>(body_left_, bytes.size());
      body_left_ -= body;
      bytes.remove_prefix(body);
      if (bytes.empty()) return;
      const std::size_t before = text_.size();
      text_ += bytes.substr(0, kMaxHead);
      // In a body of unknown length the end is a chunk of size 0.
      const std::string_view mark = chunked_ ? "\r\n0\r\n\r\n" : "\r\n\r\n";
      const std::size_t end = text_.find(mark);
      if (end == std::string::npos) {
        bytes.remove_prefix(std::min(bytes.size(), kMaxHead));
        if (chunked_ && text_.size() > mark.size()) text_.erase(0, text_.size() - mark.size());
        continue;
      }
      bytes.remove_prefix(end + mark.size() - before);
      if (chunked_) {
        chunked_ = false;
      } else {
        count(std::string_view(text_).substr(0, end + 2));
      }
      text_ = chunked_ ? "\r\n" : "";  // the last chunk may be the only one
    }
  }

  const Counts& counts() const { return counts_; }

 private:
  static constexpr std::size_t kMaxHead = 16384;

  void count(std::string_view head) {
    ++counts_[std::string(head.substr(0, head.find(' ')))];
    std::string lower(head);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr std::string_view kLength = "\r\ncontent-length:";
    if (const std::size_t at = lower.find(kLength); at != std::string::npos) {
      body_left_ = std::strtoull(lower.c_str() + at + kLength.size(), nullptr, 10);
    }
    chunked_ = lower.find("\r\ntransfer-encoding: chunked") != std::string::npos;
  }

  Counts counts_;
  std::string text_;  // of a head, or the end of a chunked body, that is not complete
  std::uint64_t body_left_ = 0;
  bool chunked_ = false;
};
