// Flavour: aws-c-s3 alone.
#include <aws/s3/s3.h>

#include "store/s3/libraries.h"
#include "store/s3/tls_cause.h"
#include "store/s3/tls_name.h"

namespace arraymorph::store::s3 {

void start_libraries() {
  aws_s3_library_init(aws_default_allocator());
  listen_for_tls_causes();
}

void stop_libraries() { aws_s3_library_clean_up(); }

EngineInfo engine_info() { return {"aws-c-s3", ARRAYMORPH_AWS_C_S3_VERSION, tls_name()}; }

}  // namespace arraymorph::store::s3
