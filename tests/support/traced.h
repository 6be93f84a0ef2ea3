// The lines of a trace that a test has made.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "runtime/trace.h"

namespace arraymorph::test {

/// A trace into a temporary file, for as long as it lives.
class Traced {
 public:
  Traced() {
    std::string name = (std::filesystem::temp_directory_path() / "traceXXXXXX").string();
    const int fd = ::mkstemp(name.data());
    if (fd >= 0) ::close(fd);
    path_ = name;
    const Status status = trace::write_to(path_);
    EXPECT_TRUE(status.ok()) << status.message();
  }
  ~Traced() {
    EXPECT_TRUE(trace::write_to("").ok());
    std::filesystem::remove(path_);
  }
  Traced(const Traced&) = delete;
  Traced& operator=(const Traced&) = delete;

  const std::string& path() const { return path_; }

  /// What has been written so far; every line is one whole JSON object.
  std::vector<nlohmann::json> lines() const {
    trace::flush();
    std::ifstream file(path_);
    std::vector<nlohmann::json> found;
    for (std::string line; std::getline(file, line);) {
      found.push_back(nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false));
      EXPECT_TRUE(found.back().is_object()) << line;
    }
    return found;
  }

 private:
  std::string path_;
};

}  // namespace arraymorph::test
