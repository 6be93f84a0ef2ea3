# aws-c-s3 and what it needs: target arraymorph_aws.
# Taken from CMAKE_PREFIX_PATH where it is found there, else built once from the source distribution
# of awscrt on PyPI into ARRAYMORPH_DEPS_DIR, shared by all build trees.
set(ARRAYMORPH_AWSCRT_VERSION 0.38.1 CACHE STRING "Version of awscrt whose sources are built")
mark_as_advanced(ARRAYMORPH_AWSCRT_VERSION)
set(ARRAYMORPH_LICENSES_DIR "" CACHE PATH "Licences of libraries linked statically; a wheel ships them")
include(BuildAwsCrt)

# Where the engine was found elsewhere its static TLS library would look for a static libcrypto; the
# one built here brings its own (aws-lc).
arraymorph_forget_awscrt()
set(S2N_USE_CRYPTO_SHARED_LIBS ON)
find_package(aws-c-s3 QUIET CONFIG)
if(NOT aws-c-s3_FOUND)
  set(S2N_USE_CRYPTO_SHARED_LIBS OFF)
  arraymorph_build_awscrt("${ARRAYMORPH_AWSCRT_VERSION}" prefix)
  list(PREPEND CMAKE_PREFIX_PATH "${prefix}")
  set(ARRAYMORPH_LICENSES_DIR "${prefix}/licenses")
  find_package(aws-c-s3 REQUIRED CONFIG PATHS "${prefix}" NO_DEFAULT_PATH)
endif()
message(STATUS "aws-c-s3: ${aws-c-s3_DIR}")

# libcrypto, for the hashes that sign request bodies: the engine's own.
if(NOT TARGET AWS::crypto)
  find_package(OpenSSL REQUIRED)
  add_library(AWS::crypto ALIAS OpenSSL::Crypto)
endif()
add_library(arraymorph_aws INTERFACE)
target_link_libraries(arraymorph_aws INTERFACE AWS::aws-c-s3 AWS::crypto)
