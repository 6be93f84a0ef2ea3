// The libraries that the S3 engine needs, in two flavours of which CMake builds one:
// libraries_sdk.cc (AWS SDK for C++) or libraries_crt.cc (aws-c-s3 alone).
#pragma once

#include <string>

namespace arraymorph::store::s3 {

/// Initialise them; nothing when they are already. The caller's lock keeps calls apart.
void start_libraries();
/// Clean up. Only when every client, provider and event loop has ended.
void stop_libraries();

/// What build_info() tells: names with versions.
struct EngineInfo {
  std::string engine;    ///< who owns the life of the engine and finds credentials
  std::string aws_c_s3;  ///< the client that moves the data
  std::string tls;
};
EngineInfo engine_info();

}  // namespace arraymorph::store::s3
