// The C interface of arraymorph/api.h.
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>

#include "arraymorph/api.h"
#include "hdf5/api.h"
#include "runtime/lifecycle.h"
#include "runtime/log.h"
#include "runtime/stats.h"
#include "store/s3/libraries.h"

extern "C" {

const char* arraymorph_version(void) { return ARRAYMORPH_VERSION; }

const char* arraymorph_build_info(void) {
  static const auto* const text = [] {
    const arraymorph::store::s3::EngineInfo engine = arraymorph::store::s3::engine_info();
    const nlohmann::json info{
        {"version", ARRAYMORPH_VERSION},
        {"compiler", __VERSION__},
        {"s3_engine", engine.engine},
        {"aws_c_s3", engine.aws_c_s3},
        {"tls", engine.tls},
        {"hdf5_headers", H5_VERS_STR},
        {"connector", ARRAYMORPH_CONNECTOR_NAME},
        {"connector_value", ARRAYMORPH_CONNECTOR_VALUE},
    };
    return new std::string(info.dump());
  }();
  return text->c_str();
}

size_t arraymorph_stats(char* buffer, size_t size) {
  const std::string text = arraymorph::stats_to_json();
  if (buffer != nullptr && size > 0) {
    const size_t length = text.size() < size ? text.size() : size - 1;
    std::memcpy(buffer, text.data(), length);
    buffer[length] = '\0';
  }
  return text.size();
}

void arraymorph_stats_reset(void) { arraymorph::reset_stats(); }

int arraymorph_shutdown(int last) {
  const arraymorph::Status status = arraymorph::shutdown_runtime(last != 0);
  if (status.ok()) return 0;
  arraymorph::log(arraymorph::LogLevel::error, status.message());
  return -1;
}
}
