// The XML around uploads in parts.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "arraymorph/object_store.h"

namespace arraymorph::store::s3 {

struct ListedPart {
  std::size_t number = 0;  ///< from 1
  std::uint64_t size = 0;
  std::string etag;
};

struct PartsPage {
  std::vector<ListedPart> parts;
  std::size_t next = 0;  ///< part-number-marker of the next page; 0: this was the last
};

/// The body of CompleteMultipartUpload, out of the entity tags of the parts by number from 0.
std::string write_parts(const std::map<std::size_t, std::string>& tags);

/// Answers are untrusted: what is not the one asked for is Code::corrupt. `what` is for messages.
Result<std::string> read_upload_id(std::string_view document, const std::string& what);
Result<PartsPage> read_parts(std::string_view document, const std::string& what);
/// S3 may answer 200 and say in the body that it failed: unavailable, or what a condition means.
Result<PutReply> read_completed(std::string_view document, const std::string& what);

}  // namespace arraymorph::store::s3
