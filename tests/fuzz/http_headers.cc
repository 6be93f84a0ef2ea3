// Headers of an answer: "name: value" lines, in any order, as often as the server likes.
#include "fuzz/input.h"
#include "store/s3/request.h"

using namespace arraymorph;
using namespace arraymorph::store;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  s3::Request request;
  request.in_place = input.byte() % 2 == 0 ? 0 : 64;
  request.begin_attempt();
  std::string_view rest = input.rest_text();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      s3::total_of(line);
      continue;
    }
    request.on_header(line.substr(0, colon), line.substr(colon + 1));
  }
  if (request.answer.has_length) {
    fuzz::require(request.answer.content_length <= ~std::uint64_t{0} / 2 ||
                      std::to_string(request.answer.content_length).size() >= 19,
                  "a length that no text had");
  }
  // A total that the text has, or none.
  const std::string& range = request.answer.content_range;
  const std::uint64_t total = s3::total_of(range);
  fuzz::require(total == 0 || range.find(std::to_string(total)) != std::string::npos,
                "a total out of nothing");
  request.fits();
  return 0;
}
