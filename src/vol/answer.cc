#include "vol/answer.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace arraymorph::vol {

using nlohmann::json;

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

int give(char** answer, const std::string& text, int error) {
  *answer = static_cast<char*>(std::malloc(text.size() + 1));
  if (*answer == nullptr) return ENOMEM;
  std::memcpy(*answer, text.c_str(), text.size() + 1);
  return error;
}

int give(char** answer, const Status& status) {
  return give(answer, status.message(),
              status.code() == Code::conflict ? EBUSY : status.closest_errno());
}

Result<Opening> resolve(const char* name) {
  ARRAYMORPH_ASSIGN(Opening opening, claim_name(name));
  if (opening) return opening;
  return Status(Code::invalid_argument,
                "'" + std::string(name) +
                    "' is not in an object store: write s3://bucket/name, "
                    "file:///directory/name or https://host/path, or set BUCKET_NAME");
}

}  // namespace arraymorph::vol
