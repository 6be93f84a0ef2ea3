# Libraries from outside. Each file says where its library may come from.
set(ARRAYMORPH_DEPS_DIR "${PROJECT_SOURCE_DIR}/build/deps" CACHE PATH
  "Where dependencies that are downloaded or built from source are kept, shared by build trees")
include(DependencyHdf5)   # headers only: target arraymorph_hdf5_headers
include(DependencyCodecs) # libdeflate, liblz4, libzstd, nlohmann_json
include(DependencyS3)     # aws-c-s3: target arraymorph_aws
