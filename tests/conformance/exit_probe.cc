// Returns from main with requests in flight: exit_probe [COUNT]. Run by s3_process_test.
#include <cstdlib>
#include <memory>
#include <string>

#include "store/open.h"

int main(int argc, char** argv) {
  using namespace arraymorph;
  const int count = argc > 1 ? std::atoi(argv[1]) : 100;
  const Result<Config> config = config_from_environment();
  if (!config.ok()) return 2;
  const auto store =
      store::open_store({store::Location::Kind::s3, config->bucket, "probe"}, *config);
  if (!store.ok()) return 3;
  for (int i = 0; i < count; ++i) {
    const std::string key = "exit-probe/" + std::to_string(i % 10);
    if (i % 2 == 0) {
      (*store)->put({key, std::make_shared<const Buffer>(50000), {}, false},
                    [](const Result<PutReply>&) {});
    } else {
      (*store)->get({key, {}, {}}, [](const Result<GetReply>&) {});
    }
  }
  return 42;
}
